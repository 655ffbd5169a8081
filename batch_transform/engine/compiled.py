"""The line work of filters and joins in C, where it was compiled: `_line_work.c`.

It is many times as quick as the Python of `csv_lines` and `json_lines`, and writes the same bytes: the tests hold it to
them. A machine without a C compiler goes without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from batch_transform.engine.csv_record import parse_row, serialise_row
from batch_transform.engine.json_record import join_json, parse_json, serialise_json
from batch_transform.engine.newlines import compiled as _compiled
from batch_transform.job.filters.json_path import Index, Indexes, JsonPath, Name, Names, Slice, Step

AFTER_EACH, BETWEEN, NOTHING = 1, 2, 0
_ALL, _INDEXES, _SLICE = 0, 1, 2
Slow = Callable[[bytes, bytes | None], bytes]


def is_compiled() -> bool:
    """Say whether the line work in C is there."""
    return _compiled is not None


class TextLines(Protocol):
    """A filter on the lines of a text, from text to text.

    Raises what `formats.NEEDS_A_CLOSER_LOOK` names for a line that is faulty.
    """

    def filtered(self, text: bytes) -> bytes:
        """Apply the filter to each line; newlines stand between the results."""

    def joined(
        self, records: bytes, answers: bytes, at: int, *, plain: bool, with_lines: bool
    ) -> tuple[bytes, int]:
        """Apply the filter to each line of `records` joined with its answer, the first of which begins at `at`.

        Returns the results, each with a newline behind it or (`with_lines` is false) nothing between them, and where
        the next answer begins. `plain` says that no answer has a double quote or a carriage return.
        """


@dataclass(frozen=True)
class _CsvText:
    kind: int
    indexes: tuple[int, ...]
    slow: Slow

    def filtered(self, text: bytes) -> bytes:
        return _compiled.csv(text, None, 0, True, self.kind, self.indexes, BETWEEN, self.slow)[0]

    def joined(
        self, records: bytes, answers: bytes, at: int, *, plain: bool, with_lines: bool
    ) -> tuple[bytes, int]:
        ending = AFTER_EACH if with_lines else NOTHING
        return _compiled.csv(records, answers, at, plain, self.kind, self.indexes, ending, self.slow)


@dataclass(frozen=True)
class _JsonText:
    names: tuple[bytes, ...]
    is_bare: bool
    slow: Slow

    def filtered(self, text: bytes) -> bytes:
        return _compiled.json(text, None, 0, self.names, self.is_bare, BETWEEN, self.slow)[0]

    def joined(
        self, records: bytes, answers: bytes, at: int, *, plain: bool, with_lines: bool
    ) -> tuple[bytes, int]:
        del plain
        ending = AFTER_EACH if with_lines else NOTHING
        return _compiled.json(records, answers, at, self.names, self.is_bare, ending, self.slow)


def text_lines(format_name: str, path: JsonPath) -> TextLines | None:
    """Return the compiled way for a filter, None where there is none: not compiled, or no usual filter."""
    return _usual(format_name, path) if is_compiled() else None


@lru_cache(maxsize=64)
def _usual(format_name: str, path: JsonPath) -> TextLines | None:
    if path.undefined or len(path.steps) > 1:
        return None
    step = path.steps[0] if path.steps else None
    return _csv_text(path, step) if format_name == "CSV" else _json_text(path, step)


def _csv_text(path: JsonPath, step: Step | None) -> TextLines | None:
    if step is None:
        return _CsvText(_ALL, (), _slow_csv(path))
    if isinstance(step, Slice):
        bounds = (step.start or 0,) if step.end is None else (step.start or 0, step.end)
        return _CsvText(_SLICE, bounds, _slow_csv(path))
    if isinstance(step, (Index, Indexes)):
        return _CsvText(_INDEXES, path.indexes, _slow_csv(path))
    return None


def _json_text(path: JsonPath, step: Step | None) -> TextLines | None:
    if step is None:
        return _JsonText((), is_bare=False, slow=_slow_json(path))
    if isinstance(step, Name):
        return _JsonText((step.name.encode(),), is_bare=True, slow=_slow_json(path))
    if isinstance(step, Names):
        names = tuple(dict.fromkeys(name.encode() for name in step.names))
        return _JsonText(names, is_bare=False, slow=_slow_json(path))
    return None


def _slow_csv(path: JsonPath) -> Slow:
    def slow(record: bytes, answer: bytes | None) -> bytes:
        cells = parse_row(record) + ([] if answer is None else parse_row(answer))
        return serialise_row(path.select_cells(cells))

    return slow


def _slow_json(path: JsonPath) -> Slow:
    def slow(record: bytes, answer: bytes | None) -> bytes:
        value = parse_json(record)
        joined = value if answer is None else join_json(value, parse_json(answer))
        return serialise_json(path.select(joined))

    return slow
