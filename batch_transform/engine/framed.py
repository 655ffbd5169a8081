"""Binary records, each in a frame: RecordIO and TFRecord.

With BatchStrategy SingleRecord the model gets the data inside the frame, with MultiRecord the frames as they
are in the object: "Padding is not removed if the value of BatchStrategy is set to MultiRecord"
(API reference, TransformInput, SplitType).

RecordIO is MXNet's, which recordio-protobuf uses: a magic number, a word with the length in its lower 29
bits and the kind of part in the upper 3, the data, and padding to four bytes. A record whose data contains the
magic number is stored in parts, without that number between them.
TFRecord is TensorFlow's: the length, its masked CRC, the data, and the masked CRC of that.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

import google_crc32c

from batch_transform.engine.records import ByteStream, longest_record, object_stream
from batch_transform.engine.settings import Settings
from batch_transform.job.errors import RecordError

_MAGIC = 0xCED7230A
_MAGIC_BYTES = struct.pack("<I", _MAGIC)
_PIECE = 256 * 1024  # bytes that are read at a time
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)


class Framed(NamedTuple):
    """A binary record: its data, and the whole frame."""

    data: bytes
    frame: bytes


def read_framed(stream: ByteStream, settings: Settings) -> Iterator[Framed]:
    """Yield the records of a stream. Raises RecordError for an invalid one."""
    read = {"RecordIO": _recordio, "TFRecord": _tfrecord}[settings.split_type]
    reader = _ExactReader(object_stream(stream, settings), settings.split_type)
    while reader.begin():
        yield read(reader)


class _ExactReader:
    """Reads an exact number of bytes, from large pieces of the stream."""

    def __init__(self, stream: ByteStream, name: str) -> None:
        self._stream = stream
        self.name = name
        self.number = 0  # of the record that is read, from 1
        self._held = b""
        self._start = 0  # of the record
        self._at = 0

    def begin(self) -> bool:
        """Start a record; return whether there is one."""
        self.number += 1
        self._start = self._at
        return self._holds(1)

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes. Raises RecordError if fewer are left."""
        if size > longest_record():
            raise self.fault(f"says it is {size:,} bytes long, more than any request can hold")
        if not self._holds(size):
            raise self.fault("is cut short by the end of the object")
        self._at += size
        return self._held[self._at - size : self._at]

    def frame(self) -> bytes:
        """Return all bytes since `begin`."""
        return self._held[self._start : self._at]

    def _holds(self, size: int) -> bool:
        """Read until `size` bytes are there; return whether they are."""
        missing = size - (len(self._held) - self._at)
        if missing <= 0:
            return True
        pieces = [self._held[self._start :]]
        self._at -= self._start
        self._start = 0
        while missing > 0 and (some := self._stream.read(max(missing, _PIECE))):
            pieces.append(some)
            missing -= len(some)
        self._held = b"".join(pieces)
        return missing <= 0

    def fault(self, what: str) -> RecordError:
        """Return an error for this record."""
        return RecordError(
            f"record {self.number} of the object {what}",
            f"SplitType {self.name} is set; is the object in this format?",
            line=self.number,
        )


def _recordio(reader: _ExactReader) -> Framed:
    parts: list[bytes] = []
    while True:
        magic, word = struct.unpack("<II", reader.read(8))
        if magic != _MAGIC:
            raise reader.fault(f"does not begin with the magic number 0x{_MAGIC:08x}, but with 0x{magic:08x}")
        kind, length = word >> 29, word & 0x1FFFFFFF
        if kind > _LAST or (kind in (_MIDDLE, _LAST)) != bool(parts):
            raise reader.fault("has its parts in the wrong order")
        data = reader.read(length)
        reader.read(-length % 4)
        parts.append(data)
        if kind in (_WHOLE, _LAST):
            return Framed(_MAGIC_BYTES.join(parts), reader.frame())


def _tfrecord(reader: _ExactReader) -> Framed:
    length = _checked(reader, 8, "length")
    data = _checked(reader, struct.unpack("<Q", length)[0], "data")
    return Framed(data, reader.frame())


def _checked(reader: _ExactReader, size: int, what: str) -> bytes:
    data = reader.read(size)
    (expected,) = struct.unpack("<I", reader.read(4))
    if masked_crc(data) != expected:
        raise reader.fault(f"has a wrong checksum of its {what}")
    return data


def masked_crc(data: bytes) -> int:
    """TensorFlow's masked CRC-32C: rotated right by 15 bits, plus a constant."""
    crc = _crc(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


_crc: Callable[[bytes], int] = google_crc32c.value
