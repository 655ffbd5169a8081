"""Splits an object's bytes into records, with memory that doesn't grow with the object."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from batch_transform.engine.compiled import newlines
from batch_transform.engine.settings import MIB, Settings
from batch_transform.job.errors import RecordError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 256 * 1024  # large enough to split many lines at a time, small enough to start early
# Before its InputFilter, a record may be longer than MaxPayloadInMB. 100 MB is the largest payload there is (API
# reference), so no longer record is held.
_LONGEST = 100 * MIB
_SHOWN = 60  # bytes of a record in an error: enough to recognize it


class ByteStream(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and none at the end."""


WHOLE_OBJECT = 0  # the line number of a record that isn't a line
WHOLE_TOO_LARGE = (
    "set SplitType, so that it is sent in parts, raise MaxPayloadInMB, or set it to 0 to stream the object"
)


class Records:
    """Consecutive records of one object, as a list or as one text, which is split only if needed.

    `first_line` counts from 1, or is WHOLE_OBJECT. `ended` says that the last one has its newline too:
    only the last line of an object may lack it, and an object that is not split gets none.
    """

    def __init__(self, items: list[bytes], first_line: int, ended: bool) -> None:
        """Take records without the newlines that end them."""
        self._items: list[bytes] | None = items
        self._text = b""
        self._count: int | None = None
        self.first_line = first_line
        self.ended = ended

    @classmethod
    def of_text(cls, text: bytes, first_line: int, ended: bool) -> Records:
        """Take records as one text, without the newline that ends the last."""
        records = cls([], first_line, ended)
        records._items, records._text = None, text
        return records

    @property
    def items(self) -> list[bytes]:
        """The records, without the newlines that end them."""
        if self._items is not None:
            return self._items
        return [self._text] if self.first_line == WHOLE_OBJECT else self._text.split(b"\n")

    @property
    def text(self) -> bytes:
        """The records with the newlines between them."""
        return self._text if self._items is None else b"\n".join(self._items)

    @property
    def are_lines(self) -> bool:
        """Whether each record is a line; if not, the whole object is one record."""
        return self.first_line != WHOLE_OBJECT

    @property
    def count(self) -> int:
        """How many records these are."""
        if self._items is not None:
            return len(self._items)
        if self._count is None:
            self._count = 1 if self.first_line == WHOLE_OBJECT else newlines(self._text) + 1
        return self._count


class Ending(IntEnum):
    """Where the newlines go in the text of several results. The C module uses the same numbers."""

    NOTHING = 0
    AFTER_EACH = 1
    BETWEEN = 2

    def assemble(self, results: Sequence[bytes]) -> bytes:
        """Return the results as one text."""
        text = (b"" if self is Ending.NOTHING else b"\n").join(results)
        return text + b"\n" if self is Ending.AFTER_EACH and results else text


def place(line: int, unit: str = "line") -> str:
    """Name a line of an object, or a record of another unit; number 0 is the whole object."""
    return f"{unit} {line} of the object" if line else "the whole object"


def record_at(line: int, record: bytes, advice: str, unit: str = "line") -> str:
    """Say which record it is, how it begins, and how to fix the problem."""
    shown = record[:_SHOWN].decode("utf-8", "replace")
    more = "..." if len(record) > _SHOWN else ""
    return f"this is {place(line, unit)}, which begins {shown!r}{more}; {advice}"


def object_stream(stream: ByteStream, settings: Settings) -> ByteStream:
    """Return the stream of an object's bytes, decompressed if CompressionType is Gzip."""
    return _GzipStream(stream) if settings.is_gzip else stream


def longest_record() -> int:
    """Return the size of the largest record that is read, in bytes."""
    return _LONGEST


def read_pieces(stream: ByteStream, settings: Settings) -> Iterator[Records]:
    """Yield an object that is not split, in pieces. None of them gets a newline."""
    stream = object_stream(stream, settings)
    while chunk := stream.read(_CHUNK):
        yield Records.of_text(chunk, WHOLE_OBJECT, ended=False)


def read_records(stream: ByteStream, settings: Settings) -> Iterator[Records]:
    """Yield all records of a stream, in order and many at a time.

    SplitType Line splits after each newline byte and nowhere else: a carriage return is part of its
    record. SplitType None gives one record, even for an empty object. Raises RecordError for a record
    that is too long to be held, and for invalid gzip if CompressionType is Gzip.
    """
    stream = object_stream(stream, settings)
    if settings.split_lines:
        return _lines(stream)
    return _whole(stream, settings)


def _lines(stream: ByteStream) -> Iterator[Records]:
    line = 1
    pieces: list[bytes] = []  # of a line that hasn't ended yet
    held = 0
    while chunk := stream.read(_CHUNK):
        cut = chunk.rfind(b"\n")
        if cut >= 0:
            block = Records.of_text(b"".join([*pieces, memoryview(chunk)[:cut]]), line, ended=True)
            yield block
            line += block.count
            pieces, held = [], 0
        rest = chunk[cut + 1 :]
        pieces.append(rest)
        held += len(rest)
        if held > _LONGEST:
            raise RecordError(
                f"the record is longer than {_LONGEST // MIB} MiB, more than any request can carry",
                record_at(line, b"".join(pieces), "is SplitType Line right for this object?"),
                line=line,
            )
    if held:
        yield Records.of_text(b"".join(pieces), line, ended=False)


def _whole(stream: ByteStream, settings: Settings) -> Iterator[Records]:
    is_sent_as_it_is = settings.input_filter == "$" and settings.max_payload > 0
    most = min(settings.max_payload, _LONGEST) if is_sent_as_it_is else _LONGEST
    pieces: list[bytes] = []
    held = 0
    while chunk := stream.read(_CHUNK):
        pieces.append(chunk)
        held += len(chunk)
        if held > most:
            limit = f"MaxPayloadInMB={most // MIB} allows" if most < _LONGEST else f"{_LONGEST // MIB} MiB"
            raise RecordError(
                f"the object is one record, and larger than {limit}",
                record_at(WHOLE_OBJECT, b"".join(pieces), WHOLE_TOO_LARGE),
                line=WHOLE_OBJECT,
            )
    yield Records.of_text(b"".join(pieces), WHOLE_OBJECT, ended=False)


class _GzipStream:
    def __init__(self, stream: ByteStream) -> None:
        self._stream = gzip.GzipFile(fileobj=io.BufferedReader(_Raw(stream)))

    def read(self, size: int, /) -> bytes:
        try:
            return self._stream.read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise RecordError(
                f"CompressionType is Gzip, but the object isn't a valid gzip file: {error}"
            ) from error


class _Raw(io.RawIOBase):
    """A stream for the io module. GzipFile needs as many bytes as it asks for; a network may give fewer."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)
