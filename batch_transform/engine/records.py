"""An object's bytes, cut into records, with memory that does not grow with the object."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from batch_transform.engine.compiled import newlines
from batch_transform.engine.settings import MIB, Settings
from batch_transform.job.errors import RecordError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 256 * 1024  # large enough to cut many lines at a time, small enough to start early
# A record may be longer than MaxPayloadInMB before its InputFilter: 100 MB is the most that any
# payload can be (API reference), and more than this is held for no record.
_LONGEST = 100 * MIB
_SHOWN = 60  # bytes of a record in an error: enough to recognize it


class ByteStream(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and none at the end."""


WHOLE_OBJECT = 0  # the line number of a record that is no line
WHOLE_TOO_LARGE = (
    "set SplitType, so that it is sent in parts, raise MaxPayloadInMB, or set it to 0 to stream the object"
)


class Records:
    """Consecutive records of one object, as a list of them or as one text that is cut when it has to be.

    `first_line` counts from 1, or is WHOLE_OBJECT. `ended` says that the last one has its newline too:
    only the very last line of an object may lack it, and an object that is not split has none added.
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


def place(line: int, unit: str = "line") -> str:
    """Name a line of an object, or a record of another unit; number 0 is the object as a whole."""
    return f"{unit} {line} of the object" if line else "the whole object"


def record_at(line: int, record: bytes, advice: str, unit: str = "line") -> str:
    """Say which record is meant, how it begins, and what to do."""
    shown = record[:_SHOWN].decode("utf-8", "replace")
    more = "..." if len(record) > _SHOWN else ""
    return f"this is {place(line, unit)}, which begins {shown!r}{more}; {advice}"


def object_stream(stream: ByteStream, settings: Settings) -> ByteStream:
    """Return the stream of an object's own bytes: unpacked, with CompressionType Gzip."""
    return _GzipStream(stream) if settings.is_gzip else stream


def longest_record() -> int:
    """How many bytes of one record are held at most."""
    return _LONGEST


def pieces_of(stream: ByteStream, settings: Settings) -> Iterator[Records]:
    """Yield an object that is not split in pieces, none of which ends with a newline of its own."""
    stream = object_stream(stream, settings)
    while chunk := stream.read(_CHUNK):
        yield Records.of_text(chunk, WHOLE_OBJECT, ended=False)


def read_records(stream: ByteStream, settings: Settings) -> Iterator[Records]:
    """Yield all records of a stream, in order and many at a time.

    SplitType Line splits after each newline byte and nowhere else: a carriage return is part of its
    record. SplitType None gives one record, of an empty object too. Raises RecordError for a record
    that is too long to be held, and for what is not gzip where Gzip is said.
    """
    stream = object_stream(stream, settings)
    if settings.split_lines:
        return _lines(stream)
    return _whole(stream, settings)


def _lines(stream: ByteStream) -> Iterator[Records]:
    line = 1
    pieces: list[bytes] = []  # of a line that has not ended yet
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
                f"the record is longer than {_LONGEST // MIB} MiB, more than any request takes",
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
            takes = f"MaxPayloadInMB={most // MIB} takes" if most < _LONGEST else f"{_LONGEST // MIB} MiB"
            raise RecordError(
                f"the object is one record, and larger than {takes}",
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
                f"CompressionType is Gzip, but the object is no sound gzip file: {error}"
            ) from error


class _Raw(io.RawIOBase):
    """A stream as the io module has it. GzipFile needs all bytes that it asks for, a network gives some."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)
