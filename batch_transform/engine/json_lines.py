"""Filters and joins many JSON records at a time, and converts their text to Go's form in one pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from batch_transform.engine.answers import Answers
from batch_transform.engine.go_json import join_json
from batch_transform.engine.json_record import (
    DUMPS_OPTIONS,
    NEGATIVE_ZERO,
    escape_html,
    go_exponent,
    parse_json,
    serialise_json,
)
from batch_transform.engine.records import Ending, Records
from batch_transform.job.filters.json_path import JsonPath, JsonValue, Name, Names

_EXPONENT = re.compile(rb"(-?[0-9.]+e[-+][0-9]+)")


@dataclass(frozen=True)
class JsonLines:
    """A `RecordFilter` for records that are lines. Declines a block with TransformError, LookupError or TypeError."""

    path: JsonPath

    def filtered(self, records: Records, ending: Ending) -> bytes:
        """See `RecordFilter`."""
        return ending.assemble(
            serialise_lines(map(_select(self.path), parse_lines(records.text.split(b"\n"))))
        )

    def joined(self, records: Records, answers: Answers, ending: Ending) -> bytes:
        """See `RecordFilter`."""
        taken = parse_lines(answers.take(records.count))
        joined = map(join_json, parse_lines(records.text.split(b"\n")), taken)
        return ending.assemble(serialise_lines(map(_select(self.path), joined)))


def parse_lines(lines: list[bytes]) -> list[JsonValue]:
    """Return the value of each line, as `json_record.parse_json` does."""
    try:
        if not any(map(NEGATIVE_ZERO.search, [line for line in lines if b"-0" in line])):
            return list(map(orjson.loads, lines))
    except orjson.JSONDecodeError:
        pass  # some line is not JSON, or not for this library
    return list(map(parse_json, lines))


def serialise_lines(values: Iterable[JsonValue]) -> list[bytes]:
    """Return the text of each value, as `json_record.serialise_json` does."""
    kept = list(values)
    try:
        text = b"\n".join([orjson.dumps(value, None, DUMPS_OPTIONS) for value in kept])
    except orjson.JSONEncodeError:
        return list(map(serialise_json, kept))
    if not kept:
        return []
    return escape_html(_go_numbers(text)).split(b"\n")


def _go_numbers(text: bytes) -> bytes:
    """Write numbers in Go's form. They are outside strings: in every second part between double quotes."""
    if b"\\" in text:  # there may be a double quote inside a string
        return b"\n".join([serialise_json(parse_json(line)) for line in text.split(b"\n")])
    parts = text.split(b'"')
    numbers = b'"'.join(parts[0::2])
    if b"e-" in numbers or b"e+" in numbers:
        numbers = _EXPONENT.sub(go_exponent, numbers)
    for end in (b",", b"]", b"}", b"\n"):
        numbers = numbers.replace(b".0" + end, end)
    parts[0::2] = numbers.removesuffix(b".0").split(b'"')
    return b'"'.join(parts)


def _select(path: JsonPath) -> Callable[[Any], Any]:
    """Return `path.select`, or something faster for names. It raises for a value that isn't an object."""
    step = path.steps[0] if len(path.steps) == 1 else None
    if isinstance(step, Name):
        return itemgetter(step.name)
    if isinstance(step, Names):
        names, members = step.names, itemgetter(*step.names)
        return lambda value: dict(zip(names, members(value), strict=True))
    return path.select if path.steps else lambda value: value
