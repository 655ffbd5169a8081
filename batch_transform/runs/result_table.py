"""The first rows of a run's results, as a person wants to see them: named columns, the truth beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from batch_transform.runs.execution import TransformJobProgress
from batch_transform.runs.output_rows import output_columns, read_rows
from batch_transform.runs.truth import Score, Truth
from batch_transform.spec.job_spec import JobSpec

_MOST_COLUMNS = 8
_FIRST_COLUMNS = 4
_LAST_COLUMNS = 3
_LONGEST_CELL = 200


@dataclass(frozen=True)
class ResultTable:
    """`rows` are cut to what fits a screen; `score` is over all rows, and None where no truth can be told."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    score: Score | None


def result_table(
    spec: JobSpec, job: TransformJobProgress, files: Sequence[Path], count: int, truth: Truth | None
) -> ResultTable:
    """Read the first `count` rows of `files`, and score all of them where `truth` tells of these columns."""
    first = [tuple(row) for row in islice(read_rows(files, job.accept), max(count, 1))]
    width = max((len(row) for row in first), default=0)  # at least one row tells it, shown or not
    first = first[:count]
    columns = output_columns(spec, job.data_processing)
    if len(columns) != width:
        columns = tuple(f"column {place}" for place in range(width)) if width > 1 else ("record",)
    if truth is None or not truth.tells_of(columns):
        return ResultTable(_fitting(columns), tuple(_fitting(row) for row in first), None)
    place = columns.index(truth.column)
    told = tuple((*_fitting(row), _verdict(row[place], truth.of(row, columns))) for row in first)
    return ResultTable(
        (*_fitting(columns), "truth"), told, truth.score(read_rows(files, job.accept), columns)
    )


def _verdict(prediction: str, true_value: str | None) -> str:
    if true_value is None:
        return "unknown"
    return true_value if prediction == true_value else f"{true_value} ✗"


def _fitting(cells: tuple[str, ...]) -> tuple[str, ...]:
    if len(cells) > _MOST_COLUMNS:
        cells = (*cells[:_FIRST_COLUMNS], "…", *cells[-_LAST_COLUMNS:])
    return tuple(cell if len(cell) <= _LONGEST_CELL else f"{cell[:_LONGEST_CELL]}…" for cell in cells)
