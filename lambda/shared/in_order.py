"""Sorts more rows than fit in memory."""

from __future__ import annotations

import heapq
import json
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TextIO

MOST_IN_MEMORY = 100_000
"""Rows that are held at once: some 60 MB with keys of 100 characters."""

Row = list[Any]


def in_order(rows: Iterable[Row], *, most_in_memory: int = MOST_IN_MEMORY) -> Iterator[Row]:
    """Yield rows in the order of their members. Rows of JSON values, of which no two have the same first two members.

    More than `most_in_memory` of them are sorted in parts, which are kept in temporary files and merged.
    """
    remaining = iter(rows)
    part = sorted(islice(remaining, most_in_memory))
    if len(part) < most_in_memory:
        yield from part
        return
    files: list[TextIO] = []
    try:
        while part:
            files.append(_kept(part))
            part = sorted(islice(remaining, most_in_memory))
        yield from heapq.merge(*(map(json.loads, file) for file in files))
    finally:
        for file in files:
            file.close()


def _kept(part: list[Row]) -> TextIO:
    file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # it is closed after the merge
    file.writelines(json.dumps(row) + "\n" for row in part)
    file.seek(0)
    return file
