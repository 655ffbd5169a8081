"""The records of a request as they were before the InputFilter, kept for the join until the answer is there."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from typing import NamedTuple

from batch_transform.engine.records import Records
from batch_transform.engine.settings import MIB

# Of all requests of a job together. What is more waits in a file: a filter that sends little of each record
# makes requests of any number of records, and a body of 100 MB has records of 130 MB and more.
_MOST_IN_MEMORY = 48 * MIB


class _Place(NamedTuple):
    """Where records lie in the file."""

    offset: int
    size: int
    first_line: int
    ended: bool


class Originals:
    """Records in the pieces in which they were read, so that a join never has them all in hand.

    The first ones, as `most` bytes allow, stay in memory; the others go to a file without a name, which is
    gone with this.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._in_memory: list[Records] = []
        self._in_file: list[_Place] = []
        self._end = 0
        self._file = -1

    @classmethod
    def shared(cls, requests: int) -> Originals:
        """For one of so many requests that are kept at a time."""
        return cls(_MOST_IN_MEMORY // requests)

    def add(self, records: Records) -> None:
        """Keep some more records. Raises OSError when the disk has no room for them."""
        text = records.text
        self._size += len(text)
        if self._size <= self._most:
            self._in_memory.append(records)
            return
        if self._file < 0:
            self._file = _file_without_name()
            weakref.finalize(self, os.close, self._file)
        _write_whole(self._file, text)
        self._in_file.append(_Place(self._end, len(text), records.first_line, records.ended))
        self._end += len(text)

    def __iter__(self) -> Iterator[Records]:
        """Yield the records as they were added."""
        yield from self._in_memory
        for place in self._in_file:
            text = os.pread(self._file, place.size, place.offset)
            yield Records.of_text(text, place.first_line, place.ended)


def _file_without_name() -> int:
    number, path = tempfile.mkstemp(prefix="batch-transform-")
    os.unlink(path)  # noqa: PTH108  # mkstemp gives a name, not a Path
    return number


def _write_whole(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
