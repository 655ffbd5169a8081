"""The rows of a run's results, with the names that the job file gives its columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from batch_transform.job.filters.json_path import JsonPath
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.media_type import CSV, JSON, JSON_LINES, media_type

csv.field_size_limit(2**31 - 1)  # a cell may be as large as a record, not only 128 KiB


def output_columns(spec: JobSpec, data_processing: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the columns in a CSV result; () for a JSON result, or when the job file names none.

    `data_processing` is what the transform job really had, overrides included. With a join, a record
    is the input's columns followed by the answer's; the output filter then picks from them, and picks
    the same from their names.
    """
    if media_type(spec.output.accept) in {JSON, JSON_LINES}:
        return ()
    joined = data_processing.get("JoinSource") == "Input"
    names = (*spec.input.columns, *spec.output.columns) if joined else spec.output.columns
    if not spec.output.columns or (joined and not spec.input.columns):
        return ()
    return tuple(JsonPath.parse(data_processing.get("OutputFilter", "$")).select_cells(names))


def read_rows(file: Path, content_type: str | None) -> Iterator[list[str]]:
    """Yield the rows of a result, one per line, as the transform job counts. A line that is not CSV is one cell."""
    is_csv = media_type(content_type) == CSV
    with file.open(newline="\n", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            text = line.removesuffix("\n")
            yield _cells(text.removesuffix("\r")) if is_csv else [text]


def _cells(row: str) -> list[str]:
    if '"' not in row:
        return row.split(",")
    try:
        return next(csv.reader([row], strict=True))
    except csv.Error:
        return [row]  # the model's answer is passed through unchanged, and is not CSV
