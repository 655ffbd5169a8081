"""The bytes of an object, in files. They are read in pieces, and never copied.

The emulator passes the body of an object around as `bytes`. A `Body` replaces them: it has a length, and can be sliced
and joined without reading the bytes, since files are written only once.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import uuid
import weakref
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from hashlib import _Hash

IN_MEMORY = 64 * 1024
"""A body of up to this many bytes stays in memory: it arrives in one read, and a file would take longer."""

_READ_SIZE = 256 * 1024


class BodyFile:
    """A file of a BodyFolder. It is removed with the last reference to this object."""

    __slots__ = ("__weakref__", "name", "path")

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.path = path

    def size(self) -> int:
        """Return how many bytes the file holds, or -1 if the file does not exist."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return -1


class Piece(NamedTuple):
    """Some bytes of a file."""

    file: BodyFile
    offset: int
    length: int


class Body:
    """Bytes in files. Immutable and thread safe.

    `failure` is why the bytes couldn't be written. Then there are none, and storing them is refused.
    """

    def __init__(
        self, pieces: Sequence[Piece], md5: _Hash | None = None, failure: OSError | None = None
    ) -> None:
        self.pieces = tuple(pieces)
        self.failure = failure
        self._size = sum(piece.length for piece in pieces)
        self._md5 = md5

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, wanted: slice) -> Body:
        start, end, _ = wanted.indices(self._size)
        cut, position = [], 0
        for file, offset, length in self.pieces:
            first, last = max(start - position, 0), min(end - position, length)
            if first < last:
                cut.append(Piece(file, offset + first, last - first))
            position += length
        return Body(cut)

    def __iter__(self) -> Iterator[int]:
        """Yield the bytes as numbers, as `bytes` do."""
        for chunk in self.chunks():
            yield from chunk

    def __deepcopy__(self, memo: object) -> Body:
        return self

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in order, a quarter of a megabyte at a time. Raises OSError."""
        for file, offset, length in self.pieces:
            with file.path.open("rb", buffering=0) as stream:
                stream.seek(offset)
                left = length
                while left:
                    data = stream.read(min(left, _READ_SIZE))
                    if not data:
                        raise OSError(f"{file.path} is shorter than it was")
                    left -= len(data)
                    yield data

    def read(self) -> bytes:
        """Return all of it, in memory."""
        return b"".join(self.chunks())

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return all of it as text, in memory."""
        return self.read().decode(encoding, errors)

    def digest(self, algorithm: str) -> _Hash:
        """Return the hash of the bytes. MD5 is kept; for a body that was just written it is already known."""
        if algorithm == "md5" and self._md5 is not None:
            return self._md5
        hashed = hashlib.new(algorithm, usedforsecurity=False)
        for chunk in self.chunks():
            hashed.update(chunk)
        if algorithm == "md5":
            self._md5 = hashed
        return hashed

    def crc32(self, value: int = 0) -> int:
        """Return the checksum that `zlib.crc32` returns."""
        for chunk in self.chunks():
            value = zlib.crc32(chunk, value)
        return value


Content: TypeAlias = bytes | Body
"""The bytes of an object."""


class BodyFolder:
    """Creates the files. With `keeps_files`, a file without references stays until `sweep`.

    Thread safe, except `sweep`, which must not run during a change of what is kept.
    """

    def __init__(self, path: Path, *, keeps_files: bool = False) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._keeps_files = keeps_files
        self._files: weakref.WeakValueDictionary[str, BodyFile] = weakref.WeakValueDictionary()
        self._gone: deque[Path] = deque()
        self._lock = threading.Lock()

    def file(self, name: str) -> BodyFile:
        """Return the file with that name, which may not exist."""
        with self._lock:
            found = self._files.get(name)
            if found is None:
                found = self._files[name] = BodyFile(self.path / name)
                let_go = self._gone.append if self._keeps_files else _remove
                weakref.finalize(found, let_go, found.path).atexit = False  # files that are kept stay at exit
        return found

    def writer(self) -> BodyWriter:
        """Return a writer to a new file. Raises OSError."""
        return BodyWriter(self.file(uuid.uuid4().hex))

    def write(self, data: bytes) -> Body:
        """Put bytes into a file of their own. Raises OSError."""
        writer = self.writer()
        try:
            writer.write(data)
            return writer.end()
        finally:
            writer.close()

    def join(self, parts: Iterable[Content]) -> Body:
        """Join the parts. Only those in memory are written. Raises OSError."""
        bodies = [part if isinstance(part, Body) else self.write(part) for part in parts]
        return Body([piece for body in bodies for piece in body.pieces])

    def sweep(self) -> None:
        """Remove the files without references."""
        while self._gone:
            path = self._gone.popleft()
            if path.name not in self._files:  # else it is in use again
                _remove(path)

    def sweep_all(self) -> None:
        """Remove the files that killed processes left behind."""
        for path in self.path.iterdir():
            if path.name not in self._files:
                _remove(path)


class BodyWriter:
    """Writes and hashes one file."""

    def __init__(self, file: BodyFile) -> None:
        self._file = file
        self._stream = file.path.open("xb", buffering=0)
        self._size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)

    def write(self, data: bytes) -> None:
        """Append bytes. Raises OSError."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._stream.write(rest) :]
        self._size += len(data)
        self._md5.update(data)

    def end(self) -> Body:
        """Return what was written. Raises OSError: some file systems report only now that they are full."""
        self.close()
        return Body([Piece(self._file, 0, self._size)] if self._size else [], md5=self._md5)

    def close(self) -> None:
        """Stop writing."""
        self._stream.close()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
