"""Counts the records of objects: their lines, as SageMaker splits them. Memory doesn't grow with the object.

SplitType Line splits after each newline byte and nowhere else, also within the quotes of a CSV (Developer Guide, "Use
Batch Transform"); a last line may lack its newline. AssembleWith Line ends each result with one.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import HTTPClientError, IncompleteReadError

from batch_transform.job.values.s3_uri import S3Uri
from record_files import S3Client

CHUNK_BYTES = 1024 * 1024
RANGE_BYTES = 64 * 1024 * 1024
"""What is read with one request, and again if the connection breaks."""

_TRIES = 4
_GZIP = zlib.MAX_WBITS | 16
_NEWLINE = 10


@dataclass(frozen=True)
class Counted:
    """How far an object was counted: `offset` bytes with `newlines`. `is_open` says that a line has not ended."""

    offset: int = 0
    newlines: int = 0
    is_open: bool = False

    def plus(self, chunk: bytes) -> Counted:
        """Return what is counted after another chunk, which is not empty."""
        return Counted(self.offset + len(chunk), self.newlines + chunk.count(b"\n"), chunk[-1] != _NEWLINE)

    @property
    def records(self) -> int:
        """The lines, the last one included if it lacks its newline."""
        return self.newlines + self.is_open


def count_plain(
    place: S3Uri,
    etag: str | None,
    size: int,
    s3: S3Client,
    *,
    begun: Counted = Counted(),  # it is frozen
    is_time_left: Callable[[], bool] = lambda: True,
) -> Counted:
    """Count on from `begun`, to the object's end or as long as there is time: then `offset` is less than `size`.

    One range is counted in any case, so that each call gets further. With `etag`, only that version is counted:
    ClientError if it was replaced.
    """
    while begun.offset < size:
        end = min(begun.offset + RANGE_BYTES, size)
        begun = _count_range(place, etag, begun, end, s3)
        if not is_time_left():
            break
    return begun


def _count_range(place: S3Uri, etag: str | None, begun: Counted, end: int, s3: S3Client) -> Counted:
    for left in reversed(range(_TRIES)):
        try:
            # After a broken connection, the next try continues where it broke.
            for chunk in _chunks(place, etag, s3, Range=f"bytes={begun.offset}-{end - 1}"):
                begun = begun.plus(chunk)
        except (HTTPClientError, IncompleteReadError):
            if not left:
                raise
        if begun.offset >= end:
            break
    return begun


def count_gzip(
    place: S3Uri, etag: str | None, s3: S3Client, is_time_left: Callable[[], bool] = lambda: True
) -> Counted | None:
    """Count the lines of a gzip file, which can't be continued: None if there was no time for all of it.

    Raises zlib.error if it isn't a gzip file, or a cut one.
    """
    counted = Counted()
    for unpacked in _unpacked(_chunks(place, etag, s3)):
        if not is_time_left():
            return None
        counted = counted.plus(unpacked)
    return counted


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip, at most CHUNK_BYTES at a time. A file may have several members, one after the other."""
    stream = None
    for chunk in chunks:
        data, is_full = chunk, False
        while data or is_full:
            if stream is None or stream.eof:
                if stream is not None and not (data := data.lstrip(b"\0")):  # padding
                    break
                stream = zlib.decompressobj(_GZIP)
            unpacked = stream.decompress(data, CHUNK_BYTES)
            if unpacked:
                yield unpacked
            is_full = len(unpacked) == CHUNK_BYTES and not stream.eof
            data = stream.unused_data if stream.eof else stream.unconsumed_tail
    if stream is not None and not stream.eof:
        raise zlib.error("the gzip file ends too early")


def _chunks(place: S3Uri, etag: str | None, s3: S3Client, **asked: Any) -> Iterator[bytes]:
    match = {"IfMatch": f'"{etag}"'} if etag else {}
    answer = s3.get_object(Bucket=place.bucket, Key=place.key, **match, **asked)
    with answer["Body"] as body:
        while chunk := body.read(CHUNK_BYTES):
            yield chunk
