"""Filters and joins many CSV rows at a time, without parsing their cells.

In a row without quotes and carriage returns, each comma separates two cells, and cells are written as they were read.
So a function works on a whole list of such rows, and splits each only as far as needed. Rows with quotes are split by a
regular expression. Other rows (invalid ones, or with a carriage return inside) are declined: see `record_filter`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from batch_transform.engine.answers import Answers
from batch_transform.engine.records import Ending, Records
from batch_transform.job.filters.json_path import Index, Indexes, JsonPath, Slice

Rows = list[bytes]

_CELL = re.compile(rb'(?:^|,)("[^"]*(?:""[^"]*)*"|[^",]*)(?=,|\Z)')
_NEEDS_QUOTES = re.compile(rb'[",\r\n]')


def rows_of(text: bytes) -> Rows:
    """Split a text into rows. A carriage return at the end of a row is not part of it.

    Raises ValueError for one anywhere else.
    """
    rows = text.split(b"\n")
    if b"\r" in text:
        rows = [row.removesuffix(b"\r") for row in rows]
        if any(b"\r" in row for row in rows):
            raise ValueError("a carriage return inside a row")
    return rows


@dataclass(frozen=True)
class CsvLines:
    """A `RecordFilter` for rows.

    Declines a block with LookupError or ValueError for a row that it can't split, and with OverflowError for an index
    beyond what a row could hold.
    """

    path: JsonPath

    def filtered(self, records: Records, ending: Ending) -> bytes:
        """See `RecordFilter`."""
        return ending.assemble(self._filtered(records.text))

    def joined(self, records: Records, answers: Answers, ending: Ending) -> bytes:
        """See `RecordFilter`."""
        taken = answers.take(records.count)
        return ending.assemble(self._joined(records.text, taken, plain=answers.are_plain))

    def _filtered(self, text: bytes) -> Rows:
        rows = rows_of(text)
        fast = _fast(self.path)
        if fast is not None and b'"' not in text:
            return fast(rows)
        return [self._selected(_cells(row)) for row in rows]

    def _joined(self, records: bytes, answers: Rows, *, plain: bool) -> Rows:
        rows = rows_of(records)
        if plain and b'"' not in records:
            try:
                return _columns(self.path, rows, answers)
            except LookupError:
                pass  # not a list of indexes, or one of them is in the other of record and answer
            fast = _fast(self.path)
            if fast is not None:
                return fast([row + b"," + answer for row, answer in zip(rows, answers, strict=True)])
        answered = rows_of(b"\n".join(answers))
        return [
            self._selected(_cells(row) + _cells(answer)) for row, answer in zip(rows, answered, strict=True)
        ]

    def _selected(self, cells: Rows) -> bytes:
        positions = _positions(self.path, len(cells))
        return b",".join([cells[position] for position in positions])


def _cells(row: bytes) -> Rows:
    """Return the cells as they are written: with quotes only where needed."""
    if b'"' not in row:
        return row.split(b",")
    cells: Rows = _CELL.findall(row)
    if sum(map(len, cells)) + len(cells) - 1 != len(row):  # there is something between two cells
        raise ValueError("a misplaced quote")
    return [
        cell[1:-1] if cell[:1] == b'"' and not _NEEDS_QUOTES.search(cell, 1, len(cell) - 1) else cell
        for cell in cells
    ]


@lru_cache(maxsize=256)
def _positions(path: JsonPath, width: int) -> Sequence[int]:
    if path.undefined:
        raise LookupError(path.undefined)
    try:
        return path.positions(width)
    except Exception as miss:  # record_by_record raises it again, with the record's place
        raise LookupError(str(miss)) from miss


def _columns(path: JsonPath, rows: Rows, answers: Rows) -> Rows:
    """Select cells by index: those counted from the left are in the record, from the right in the answer."""
    step = path.steps[0] if len(path.steps) == 1 else None
    indexes = step.indexes if isinstance(step, Indexes) else (step.index,) if isinstance(step, Index) else ()
    if not indexes:
        raise LookupError("no list of indexes")
    columns = [_column(rows if index >= 0 else answers, index) for index in indexes]
    return columns[0] if len(columns) == 1 else list(map(b",".join, zip(*columns, strict=True)))


def _column(rows: Rows, index: int) -> Rows:
    if index == 0:
        return [row.partition(b",")[0] for row in rows]
    if index == -1:
        return [row.rpartition(b",")[2] for row in rows]
    if index > 0:
        return [row.split(b",", index + 1)[index] for row in rows]
    return [row.rsplit(b",", -index)[index] for row in rows]


@lru_cache(maxsize=256)
def _fast(path: JsonPath) -> Callable[[Rows], Rows] | None:
    """Return a function that filters plain rows; None if there is none for this path."""
    if path.undefined or len(path.steps) > 1:
        return None
    step = path.steps[0] if path.steps else None
    if step is None:
        return lambda rows: rows
    if isinstance(step, Index):
        return lambda rows: _column(rows, step.index)
    if isinstance(step, Indexes):
        return lambda rows: list(
            map(b",".join, zip(*[_column(rows, index) for index in step.indexes], strict=True))
        )
    return _slice(step) if isinstance(step, Slice) else None


def _slice(step: Slice) -> Callable[[Rows], Rows] | None:
    start, end = step.start or 0, step.end
    if start >= 0 and end is None:
        return lambda rows: [row.split(b",", start)[start] for row in rows]
    if end is not None and 0 <= start <= end:
        return lambda rows: [_between(row.split(b",", end + 1), start, end) for row in rows]
    return None


def _between(cells: Rows, start: int, end: int) -> bytes:
    _ = cells[end]  # raises IndexError where the row is too short
    return b",".join(cells[start : end + 1])
