"""The data path of a transform job: one object from the input bucket to the output bucket."""

from __future__ import annotations

from tools.pictures.svg import Theme, arrow, box, caption

HEIGHT = 560
TITLE = (
    "The data path: an input object is split into records, the input filter selects what the model gets, records are "
    "batched into requests, the model answers, each answer is joined with its original record, the output filter "
    "selects what is kept, and the results are assembled into one object."
)
_STEPS = (
    ("Split", "`split_type: Line`", "`case-0179,12.81,13.06`"),
    ("Input filter", "`$[1:]`", "`12.81,13.06`"),
    ("Batch", "`strategy: MultiRecord`", "many records in one request"),
    ("Invoke the model", "`POST /invocations`", "`0.000017,benign`"),
    ("Join", "`join_source: Input`", "`case-0179,12.81,13.06,0.000017,benign`"),
    ("Output filter", "`$[0,-1]`", "`case-0179,benign`"),
    ("Assemble", "`assemble_with: Line`", "`tumours.csv.out`"),
)
_LEFT, _BOX_WIDTH, _BOX_HEIGHT, _STEP = 44, 226, 60, 79


def data_path(theme: Theme) -> str:
    """Draw one box per step, and its output next to it; the original record goes around the model to the join."""
    parts = []
    for number, (title, setting, result) in enumerate(_STEPS):
        top = 6 + number * _STEP
        parts.append(
            box(
                theme,
                (_LEFT, top, _BOX_WIDTH, _BOX_HEIGHT),
                title,
                [setting],
                strong=title == "Invoke the model",
            )
        )
        parts.append(caption(theme, _LEFT + _BOX_WIDTH + 20, top + 35, result, anchor="start"))
        if number + 1 < len(_STEPS):
            parts.append(arrow(theme, (_LEFT + 113, top + _BOX_HEIGHT), (_LEFT + 113, top + _STEP - 2)))
    split, join = 6 + 30, 6 + 4 * _STEP + 30
    parts.append(arrow(theme, (_LEFT, split), (24, split), (24, join), (_LEFT - 2, join), dashed=True))
    parts.append(f'<g transform="translate(15 {(split + join) / 2:g}) rotate(-90)">')
    parts.append(caption(theme, 0, 0, "the original record") + "</g>")
    return "\n".join(parts)
