"""The rows that a run wrote: their files, their format, and the places in them that are compared."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_transform.job.errors import CompareError, InputError
from batch_transform.job.filters.result_columns import names_of_result
from batch_transform.job.request.overrides import Columns
from batch_transform.job.values.media_type import JSON, JSON_LINES, is_csv, media_type
from batch_transform.job.values.wording import listed

OUT = ".out"
_ANSWER = "SageMakerOutput"
"""Where a join puts the model's answer into a JSON record (developer guide, "Associate predictions with input")."""


@dataclass(frozen=True)
class Place:
    """A column: its name, its number from 1 in a CSV, and its path in a JSON record, as DuckDB writes paths."""

    name: str
    number: int = 0
    path: str = ""


@dataclass(frozen=True)
class Rows:
    """The results of a run: the files that aren't empty, and their first row, whose width all CSV rows have.

    `names` are those of the columns, () if they aren't known. `inputs` says how many of them, or which fields, are
    columns of the input.
    """

    files: tuple[Path, ...]
    is_json: bool
    width: int = 0
    names: tuple[str, ...] = ()
    inputs: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()


def rows_of(
    files: Sequence[Path],
    request: Mapping[str, Any] | None,
    columns: Columns,
) -> Rows:
    """Return the rows in the `.out` files of a run with this CreateTransformJob request.

    `columns` are the names of the job's columns. Without a request, the first byte tells JSON Lines from CSV. Raises
    InputError if the results aren't a row a line.
    """
    found = tuple(file for file in files if file.name.endswith(OUT) and file.stat().st_size)
    processing = (request or {}).get("DataProcessing", {})
    is_json = _is_json(request) if request is not None else _first_line(found).startswith(("{", "["))
    inputs = frozenset(columns.input)
    if is_json:
        return Rows(found, is_json=True, inputs=inputs, fields=tuple(_fields(_first_line(found))))
    width = len(next(csv.reader([_first_line(found)]), [])) if found else 0
    names = names_of_result(columns.input, columns.output, processing)
    return Rows(found, is_json=False, width=width, names=names if len(names) == width else (), inputs=inputs)


def _is_json(request: Mapping[str, Any]) -> bool:
    accept = request["TransformOutput"].get("Accept") or request["TransformInput"].get("ContentType")
    is_json = media_type(accept) in {JSON, JSON_LINES}
    if not (is_csv(accept) or is_json):
        raise InputError(
            f"the results are of type {accept or 'unknown'}; only those in CSV and JSON Lines can be compared by row"
        )
    return is_json


def _first_line(files: Sequence[Path]) -> str:
    if not files:
        return ""
    with files[0].open(encoding="utf-8", errors="replace", newline="\n") as lines:
        return lines.readline().rstrip("\r\n")


def _fields(line: str) -> Iterator[str]:
    """Yield the names of a JSON record's values; those of the answer's members with a dot."""
    try:
        record = json.loads(line) if line else {}
    except ValueError as error:
        raise CompareError(f"the first line of the results is not JSON ({error}): {line[:80]}") from error
    if not isinstance(record, dict):
        return
    for name, value in record.items():
        if name == _ANSWER and isinstance(value, dict):
            yield from (f"{name}.{inner}" for inner in value)
        else:
            yield name


@dataclass(frozen=True)
class Chosen:
    """The rows of a run, with the column that joins them to another run's, and the columns to compare."""

    rows: Rows
    key: Place
    predictions: tuple[Place, ...]


def chosen(
    first: Rows, second: Rows, key: str | None = None, predictions: Sequence[str] = ()
) -> tuple[Chosen, Chosen]:
    """Choose the same columns of two runs, those named or else the default.

    By default, the key is the first kept column of the input, and all that the model answered is compared. Raises
    InputError if a column isn't there, or must be named.
    """
    key = _key_of(first) if key is None else key
    _place(first, key, "--key", like=first)
    predictions = predictions or _predictions_of(first, key)
    one, other = (
        Chosen(
            rows,
            _place(rows, key, "--key", like=first),
            tuple(_place(rows, name, "--prediction", like=first) for name in predictions),
        )
        for rows in (first, second)
    )
    return one, other


def _key_of(rows: Rows) -> str:
    names = rows.fields if rows.is_json else rows.names
    kept = [name for name in names if (name in rows.inputs if rows.inputs else not name.startswith(_ANSWER))]
    if not kept or (not rows.is_json and not rows.inputs):
        has = f"; the results have {listed(names)}" if names else ""
        raise InputError(
            "the results have no column of the input by name, so the rows of two runs can't be joined; keep one with "
            f"data_processing.keep and run the job again, or name a column with --key, counted from 1 in a CSV{has}"
        )
    return kept[0]


def _predictions_of(rows: Rows, key: str) -> tuple[str, ...]:
    names = rows.fields if rows.is_json else rows.names
    found = tuple(name for name in names if name not in rows.inputs and name != key)
    if rows.is_json and any(name.startswith(_ANSWER) for name in found):
        found = tuple(name for name in found if name.startswith(_ANSWER))
    if not found:
        raise InputError(
            "the names of the predictions aren't known, because the job has no output.columns; name a column with "
            "--prediction, counted from 1"
        )
    return found


def _place(rows: Rows, name: str, option: str, *, like: Rows) -> Place:
    """Find a column by its name or number. `like` are the rows whose names count where these have none."""
    if rows.is_json:
        path = name if name.startswith("$") else "$" + "".join(f'."{part}"' for part in name.split("."))
        return Place(name, path=path)
    names = rows.names or (like.names if like.width == rows.width else ())
    if name in names:
        return Place(name, number=names.index(name) + 1)
    if name.isdecimal() and (not rows.files or 1 <= int(name) <= rows.width):
        return Place(f"column {name}", number=int(name))
    known = f"; the columns are {listed(names)}" if names else "; the columns have no names"
    raise InputError(
        f"{option} {name}: the results have no such column among {rows.width}{known}, counted from 1"
    )
