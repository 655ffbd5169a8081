"""Filters and joins on many CSV rows at a time, on their bytes.

A row without quotes and carriage returns has its cells between commas and nowhere else, and
writes back as it was read. Such rows need no parsing; `csv_record` says what is right for the rest.
"""

from __future__ import annotations

from collections.abc import Callable

from batch_transform.spec.json_path import Index, Indexes, JsonPath, Slice

RowFilter = Callable[[bytes], bytes]


def is_plain(text: bytes) -> bool:
    """Say whether rows, already cut at newlines, can be cut into cells at commas alone."""
    return b'"' not in text and b"\r" not in text


def row_filter(path: JsonPath) -> RowFilter | None:
    """Return a function from row to filtered row, for plain rows; None where the path has no quick way.

    The function raises IndexError for a row that lacks a cell. It splits a row only as far as it must:
    for `$[1:]` once, however wide the row is.
    """
    if path.undefined or len(path.steps) > 1:
        return None
    step = path.steps[0] if path.steps else None
    if step is None:
        return lambda row: row
    if isinstance(step, Index):
        return _cells((step.index,))
    if isinstance(step, Indexes):
        return _cells(step.indexes)
    if isinstance(step, Slice):
        return _slice(step)
    return None


def _cells(indexes: tuple[int, ...]) -> RowFilter:
    from_left = max([index + 1 for index in indexes if index >= 0], default=0)
    from_right = max([-index for index in indexes if index < 0], default=0)

    def select(row: bytes) -> bytes:
        head = row.split(b",", from_left)
        tail = row.rsplit(b",", from_right)
        return b",".join([head[index] if index >= 0 else tail[index] for index in indexes])

    return select


def _slice(step: Slice) -> RowFilter | None:
    start = step.start or 0
    end = step.end
    if start >= 0 and end is None:
        return lambda row: row.split(b",", start)[start]
    if end is None:
        return lambda row: _last(row.rsplit(b",", -start), -start)
    if 0 <= start <= end:
        return lambda row: _between(row.split(b",", end + 1), start, end)
    return None


def _last(cells: list[bytes], count: int) -> bytes:
    _ = cells[-count]  # raises IndexError where the row is too short
    return b",".join(cells[-count:])


def _between(cells: list[bytes], start: int, end: int) -> bytes:
    _ = cells[end]  # raises IndexError where the row is too short
    return b",".join(cells[start : end + 1])
