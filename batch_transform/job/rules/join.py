"""What joining predictions with their input records asks for.

Source: "Associate Prediction Results with Input Records", SageMaker Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.errors import Problem
from batch_transform.job.rules.values import RequestValues
from batch_transform.job.values.media_type import CSV, FILTERABLE, JSON_LINES, media_type

_SPLIT = "input.split_type"
_ASSEMBLE = "output.assemble_with"
_CONTENT_TYPE = "input.content_type"
_ACCEPT = "output.accept"
_JOIN_SOURCE = "data_processing.join_source"
_WHY = f"{_JOIN_SOURCE} is Input"

ASKED_BY = dict.fromkeys(
    ("join-needs-content-type", "join-needs-accept", "join-csv-needs-line"), _JOIN_SOURCE
)
"""Codes of problems with what is not there, and the field that asks for it."""


def join_problems(values: RequestValues) -> Iterator[Problem]:
    """Check types, split and assembly of a job that joins."""
    if not values.knows(_JOIN_SOURCE) or values.text(_JOIN_SOURCE) != "Input":
        return
    yield from _types(values)
    yield from _split(values)


def _types(values: RequestValues) -> Iterator[Problem]:
    """ContentType and Accept are both given, the same, and one of three."""
    allowed = ", ".join(FILTERABLE)
    for field in (_CONTENT_TYPE, _ACCEPT):
        if not values.has(field):
            code = "join-needs-content-type" if field == _CONTENT_TYPE else "join-needs-accept"
            yield Problem(code, field, f"is required, since {_WHY}; write one of {allowed}")
        elif values.knows(field) and media_type(values.text(field)) not in FILTERABLE:
            yield Problem(
                "join-type-unfit",
                field,
                f"'{values.text(field)}' cannot be joined, and {_WHY}; write one of {allowed}, "
                "or join_source: None",
            )
    if not (values.has(_CONTENT_TYPE) and values.has(_ACCEPT) and values.knows(_CONTENT_TYPE, _ACCEPT)):
        return
    sent, received = values.text(_CONTENT_TYPE), values.text(_ACCEPT)
    if sent != received and media_type(sent) in FILTERABLE and media_type(received) in FILTERABLE:
        yield Problem(
            "join-types-differ",
            _ACCEPT,
            f"'{received}' is not input.content_type '{sent}', and {_WHY}: records and answers must have one "
            "type; write the same in both",
        )


def _split(values: RequestValues) -> Iterator[Problem]:
    """Records and answers are paired: SplitType and AssembleWith are the same, and of CSV both are Line."""
    if not values.knows(_SPLIT, _ASSEMBLE):
        return
    split, assemble = values.text(_SPLIT) or "None", values.text(_ASSEMBLE) or "None"
    type_ = media_type(values.text(_CONTENT_TYPE)) if values.knows(_CONTENT_TYPE) else None
    if split not in {"None", "Line"}:
        yield Problem(
            "join-split-unfit", _SPLIT, f"{split} records cannot be joined, and {_WHY}; write Line or None"
        )
    elif type_ == CSV:
        for field, value in ((_SPLIT, split), (_ASSEMBLE, assemble)):
            if value != "Line":
                yield Problem(
                    "join-csv-needs-line",
                    field,
                    f"is {value}, and text/csv is joined row by row, since {_WHY}; write Line",
                )
    elif split != assemble:
        yield Problem(
            "join-split-differs",
            _ASSEMBLE,
            f"is {assemble} and input.split_type is {split}, and {_WHY}: both must be the same; "
            "write Line in both for a record a line, or None in both for a record a file",
        )
    elif type_ == JSON_LINES and split == "None":
        yield Problem(
            "join-json-lines-whole",
            _SPLIT,
            "is None, so a whole JSON Lines file is joined as one record, which AWS does not describe; "
            "write Line in input.split_type and in output.assemble_with",
            severity="warning",
        )
