"""The first rows of a run's results as a table, with column names and known answers."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from batch_transform.job.filters.result_columns import result_columns
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.media_type import is_csv
from batch_transform.runs.execution import TransformJobProgress
from batch_transform.runs.truth import Score, Truth

csv.field_size_limit(2**31 - 1)  # a cell may be as large as a record; the default is 128 KiB

_MOST_COLUMNS = 8
_FIRST_COLUMNS = 4
_LAST_COLUMNS = 3
_LONGEST_CELL = 200


@dataclass(frozen=True)
class ResultTable:
    """`rows` are shortened to fit a screen. `score` is over all rows; None without known answers.

    If the rows come from several files, the first column has the files' names.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    score: Score | None


def result_table(
    spec: JobSpec,
    job: TransformJobProgress,
    files: Sequence[Path],
    count: int,
    truth: Truth | None,
    *,
    folder: Path,
) -> ResultTable:
    """Read the first `count` rows of `files`, and score all rows if both columns of `truth` are among theirs.

    The files' names are shown relative to `folder`, which contains them.
    """
    found = ((file, tuple(row)) for file in files for row in read_rows(file, job.accept))
    first = list(islice(found, max(count, 1)))
    width = max((len(row) for _, row in first), default=0)  # the width needs a row even if none is shown
    first = first[:count]
    columns = result_columns(spec, job.data_processing)
    if len(columns) != width:  # columns without names are numbered from 1, as in `explain`
        columns = tuple(f"column {place}" for place in range(1, width + 1)) if width > 1 else ("record",)
    heads, rows = _fitting(columns), [_fitting(row) for _, row in first]
    score = None
    if truth is not None and truth.has_answers_for(columns):
        heads = (*heads, "truth")
        rows = [
            (*shown, *[""] * (len(heads) - 1 - len(shown)), _verdict(row, truth, columns))
            for shown, (_, row) in zip(rows, first, strict=True)
        ]
        score = truth.score((row for file in files for row in read_rows(file, job.accept)), columns)
    names = [file.relative_to(folder).as_posix() for file, _ in first]
    if len(set(names)) > 1:
        heads, rows = ("file", *heads), [(name, *row) for name, row in zip(names, rows, strict=True)]
    return ResultTable(_title(names, len(files)), heads, tuple(rows), score)


def _title(names: Sequence[str], files: int) -> str:
    rows = f"first {len(names)} rows" if len(names) != 1 else "first row"
    if len(set(names)) > 1:
        return f"{rows} of {files} files"
    of_which = f"{names[0]}, one of {files} files" if names and files > 1 else "".join(names[:1])
    return f"{rows} of {of_which}"


def _verdict(row: Sequence[str], truth: Truth, columns: Sequence[str]) -> str:
    true_value = truth.of(row, columns)
    if true_value is None:
        return "unknown"
    return true_value if row[columns.index(truth.column)] == true_value else f"{true_value} ✗"


def _fitting(cells: tuple[str, ...]) -> tuple[str, ...]:
    if len(cells) > _MOST_COLUMNS:
        cells = (*cells[:_FIRST_COLUMNS], "…", *cells[-_LAST_COLUMNS:])
    return tuple(cell if len(cell) <= _LONGEST_CELL else f"{cell[:_LONGEST_CELL]}…" for cell in cells)


def read_rows(file: Path, content_type: str | None) -> Iterator[list[str]]:
    """Yield the rows of a result, one per line, as the transform job counts. A line that is not CSV is one cell."""
    has_cells = is_csv(content_type)
    with file.open(newline="\n", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            text = line.removesuffix("\n")
            yield _cells(text.removesuffix("\r")) if has_cells else [text]


def _cells(row: str) -> list[str]:
    if '"' not in row:
        return row.split(",")
    try:
        return next(csv.reader([row], strict=True))
    except csv.Error:
        return [row]  # the model's answer is passed through unchanged, and is not CSV
