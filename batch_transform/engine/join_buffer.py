"""The unfiltered records of a request, kept for the join until its answer arrives."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from typing import NamedTuple

from batch_transform.engine.records import Records
from batch_transform.engine.settings import MIB

# For all requests of a job together; the rest goes to a file. A filter that sends little of each record makes requests
# of any number of records, and a body of 100 MB has records of 130 MB and more.
_MOST_IN_MEMORY = 48 * MIB


class _FilePart(NamedTuple):
    """The place of records in the file."""

    offset: int
    size: int
    first_line: int
    ended: bool


class JoinBuffer:
    """Records in the blocks in which they were read, so that a join never holds them all at once.

    The first `most` bytes stay in memory. The rest goes to a file without a name, which is deleted with this buffer.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._in_memory: list[Records] = []
        self._in_file: list[_FilePart] = []
        self._end = 0
        self._file = -1

    @classmethod
    def shared(cls, requests: int) -> JoinBuffer:
        """Return a buffer for one of `requests` requests that are kept at the same time."""
        return cls(_MOST_IN_MEMORY // requests)

    def add(self, records: Records) -> None:
        """Keep more records. Raises OSError if the disk is full."""
        text = records.text
        self._size += len(text)
        if self._size <= self._most:
            self._in_memory.append(records)
            return
        if self._file < 0:
            self._file = _file_without_name()
            weakref.finalize(self, os.close, self._file)
        _write_whole(self._file, text)
        self._in_file.append(_FilePart(self._end, len(text), records.first_line, records.ended))
        self._end += len(text)

    def __iter__(self) -> Iterator[Records]:
        """Yield the records in the order in which they were added."""
        yield from self._in_memory
        for place in self._in_file:
            text = os.pread(self._file, place.size, place.offset)
            yield Records.of_text(text, place.first_line, place.ended)


def _file_without_name() -> int:
    number, path = tempfile.mkstemp(prefix="batch-transform-")
    os.unlink(path)  # noqa: PTH108  # mkstemp returns a string
    return number


def _write_whole(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
