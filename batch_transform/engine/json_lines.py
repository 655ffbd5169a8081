"""Filters and joins on many JSON records at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from batch_transform.engine.json_record import join_json, parse_json, serialise_json
from batch_transform.spec.json_path import JsonPath, Name, Names


@dataclass(frozen=True)
class JsonLines:
    """A filter on records, one a line. Its functions raise TransformError, LookupError or TypeError where a
    record needs a closer look."""

    path: JsonPath

    def filtered(self, text: bytes) -> list[bytes]:
        """Apply the filter to each record of a text."""
        select = _select(self.path)
        return [serialise_json(select(parse_json(line))) for line in text.split(b"\n")]

    def joined(self, records: bytes, answers: list[bytes], *, plain: bool) -> list[bytes]:
        """Apply the filter to records joined with their answers."""
        select = _select(self.path)
        return [
            serialise_json(select(join_json(parse_json(record), parse_json(answer))))
            for record, answer in zip(records.split(b"\n"), answers, strict=True)
        ]


def _select(path: JsonPath) -> Callable[[Any], Any]:
    """`path.select` in fewer steps for one name or names; an object alone has members by name."""
    step = path.steps[0] if len(path.steps) == 1 else None
    if isinstance(step, Name):
        name = step.name
        return lambda value: value[name]
    if isinstance(step, Names):
        names = step.names
        return lambda value: {name: value[name] for name in names}
    return path.select if path.steps else lambda value: value
