"""Reads predictions out of results: the column that the model answered, of CSV or of JSON Lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from batch_transform.job.values.media_type import is_csv, media_type

csv.field_size_limit(2**31 - 1)  # a cell may be as large as a record; the default is 128 KiB

_JSON_LINES = frozenset({"application/jsonlines", "application/x-jsonlines", "application/json"})
_NAMES = ("prediction", "predictions", "predicted_label", "label", "score", "output")
"""Names of a prediction in a JSON answer, the likeliest first."""


def whole_lines(text: str, *, is_cut: bool) -> list[str]:
    """Return the lines of a result's text, without the last one if the text is cut.

    Only a newline ends a line: `str.splitlines` would also do so at U+2028, which a string in JSON may hold.
    """
    lines = text.removesuffix("\n").split("\n")
    return lines[:-1] if is_cut else lines


def prediction_values(
    lines: Iterable[str], request: Mapping[str, Any], kept: Sequence[str] | None, answered: Sequence[str]
) -> Iterator[str]:
    """Yield the prediction of each line of a result; nothing for a type that is neither CSV nor JSON Lines.

    `kept` are the names of the columns in a result, or None if the job doesn't name them, and `answered` those of the
    model's answer. The last column that the model answered is the prediction: without names, the last one. Lines that
    hold something else are left out.
    """
    accept = request["TransformOutput"].get("Accept")
    if is_csv(accept):
        yield from _of_csv(lines, _column(kept, answered))
    elif media_type(accept) in _JSON_LINES:
        yield from (value for line in lines if (value := _of_json(line)) is not None)


def _column(kept: Sequence[str] | None, answered: Sequence[str]) -> int:
    named = [at for at, name in enumerate(kept or ()) if name in answered]
    return named[-1] if named else -1


def _of_csv(lines: Iterable[str], column: int) -> Iterator[str]:
    for row in csv.reader(lines):
        if -1 <= column < len(row) and row:
            yield row[column]


def _of_json(line: str) -> str | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):  # not JSON, or nested deeper than any prediction
        return None
    for _ in range(3):  # an answer within a record, a prediction within an answer
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, dict):
            value = value.get(
                "SageMakerOutput", next((value[name] for name in _NAMES if name in value), None)
            )
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
