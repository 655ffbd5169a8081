"""Downloads the objects below a prefix, so that an interrupted download can be continued.

An object is written to a file in `PARTS`, below the target folder, whose name comes from the object's key and ETag. A
later download continues such a file with a range request, and S3 refuses the range if the object has changed since
(If-Match). A file gets its name once it is whole, and the time of change of its object: by that and its size, the next
download recognizes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from batch_transform.job.errors import InputError, KeyPathError, TransferError
from batch_transform.job.files.regular_file import open_file
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import listed
from batch_transform.runs.files_below import FilesBelow, segments
from batch_transform.runs.transfers import in_turn

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PARTS = ".batch-transform-parts"
"""The folder of unfinished files. Its name begins with a dot, so that `run` and `upload` leave it out."""

_MOST_TRIES = 5
"""How often a connection may end before its object's last byte, without a new byte between two times."""

_CHUNK = 1024 * 1024
_SHOWN = 5
_CHANGED = {"PreconditionFailed", "412", "NoSuchKey", "404", "InvalidRange", "416"}


@dataclass(frozen=True)
class Download:
    """An object to download, and the file below the folder that it becomes. `size` is in bytes."""

    source: S3Uri
    size: int
    etag: str
    changed: datetime
    name: str
    file: Path

    @property
    def part_name(self) -> str:
        """The name of the unfinished file, which another state of the object doesn't have."""
        return f"{hashlib.sha256(f'{self.source} {self.etag}'.encode()).hexdigest()[:32]}.part"

    @property
    def is_there(self) -> bool:
        """Whether the file has the size and the time of the object, or its content as the ETag tells."""
        try:
            found = self.file.lstat()
        except OSError:
            return False
        if found.st_size != self.size or not self.file.is_file() or self.file.is_symlink():
            return False
        if found.st_mtime_ns == _nanoseconds(self.changed):
            return True
        with open_file(self.file) as stream:
            content = hashlib.md5(usedforsecurity=False)
            while chunk := stream.read(_CHUNK):
                content.update(chunk)
        return content.hexdigest() == self.etag.strip('"')


@dataclass(frozen=True)
class Downloads:
    """The objects to download to `folder`, in the order of their keys, and the keys that cannot be paths in it."""

    folder: Path
    objects: tuple[Download, ...]
    refused: tuple[KeyPathError, ...]

    @property
    def size(self) -> int:
        """The bytes of all objects."""
        return sum(one.size for one in self.objects)

    def require_replaceable(self, wanted: Sequence[Download]) -> None:
        """Raise InputError if files with other content would be replaced."""
        others = [str(one.file) for one in wanted if os.path.lexists(one.file)]
        if others:
            what = "this file exists with" if len(others) == 1 else f"{len(others):,} files exist with"
            raise InputError(
                f"{what} other content: {listed(others, _SHOWN)}; to replace "
                f"{'it' if len(others) == 1 else 'them'}, add --overwrite, or choose another folder with --to"
            )


def planned(prefix: S3Uri, folder: Path, s3: S3Client) -> Downloads:
    """Return what to download: all objects below the prefix, except empty ones that S3's console makes for folders."""
    below = f"{prefix.key.rstrip('/')}/"
    found: list[Download] = []
    refused: list[KeyPathError] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=below):
        for entry in page.get("Contents", []):
            key, name = entry["Key"], entry["Key"].removeprefix(below)
            if key.endswith("/") and entry["Size"] == 0:
                continue
            try:
                file = folder.joinpath(*segments(name))
                if name.startswith(f"{PARTS}/"):
                    raise KeyPathError(key, f"{PARTS} is for unfinished files")
            except KeyPathError as error:
                refused.append(KeyPathError(key, error.why))
                continue
            source = S3Uri(prefix.bucket, key)
            found.append(Download(source, entry["Size"], entry["ETag"], entry["LastModified"], name, file))
    return Downloads(folder, tuple(found), tuple(refused))


class Downloader:
    """Downloads objects. `on_bytes` is called by several threads with the bytes that arrived, or needn't be."""

    def __init__(self, s3: S3Client, on_bytes: Callable[[int], None] = lambda _count: None) -> None:
        self._s3 = s3
        self._on_bytes = on_bytes
        self._stopped = threading.Event()

    def download(
        self, wanted: Sequence[Download], folder: Path
    ) -> Iterator[tuple[Download, KeyPathError | None]]:
        """Download objects, several at a time. Yield each when its file is whole, or why there can't be such a file.

        Raises TransferError if an object changed or vanished since it was listed, and OSError with the file's name if
        it can't be written. What arrived until then is continued by the next call.
        """
        with _parts_of(folder) as parts:
            target = FilesBelow(folder)
            for one in in_turn(
                wanted,
                lambda one: one.size,
                lambda one: self._receive(one, parts / one.part_name),
                small=float("inf"),
                stop=self._stopped.set,
            ):
                part = parts / one.part_name
                moment = _nanoseconds(one.changed)
                os.utime(part, ns=(moment, moment))
                try:
                    target.put(part, one.name)
                except KeyPathError as error:
                    part.unlink()
                    yield one, KeyPathError(one.source.key, error.why)
                else:
                    yield one, None

    def _receive(self, one: Download, part: Path) -> None:
        try:
            with part.open("ab") as file:
                if file.tell() > one.size:
                    file.truncate(0)
                self._on_bytes(file.tell())
                tries = 0
                while file.tell() < one.size:
                    before = file.tell()
                    self._append(one, file)
                    tries = 0 if file.tell() > before else tries + 1
                    if tries == _MOST_TRIES:
                        raise TransferError(
                            f"{one.source}: the connection ended {tries} times without a new byte; run the command "
                            "again to continue"
                        )
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(one.file)) from error

    def _append(self, one: Download, file: BinaryIO) -> None:
        """Append what the file lacks of the object, or as much of it as arrives before the connection ends."""
        from botocore import exceptions as botocore  # noqa: PLC0415 - as in aws_calls

        try:
            found = self._s3.get_object(
                Bucket=one.source.bucket, Key=one.source.key, IfMatch=one.etag, Range=f"bytes={file.tell()}-"
            )
            with closing(found["Body"]) as body:
                for chunk in body.iter_chunks(_CHUNK):
                    if self._stopped.is_set():
                        raise TransferError("the download was stopped")
                    file.write(chunk)
                    self._on_bytes(len(chunk))
        except botocore.ClientError as error:
            if error.response["Error"].get("Code") in _CHANGED:
                raise TransferError(
                    f"{one.source} changed while it was downloaded; run the command again"
                ) from error
            raise
        except (botocore.IncompleteReadError, botocore.ReadTimeoutError, botocore.ResponseStreamingError):
            return


@contextmanager
def _parts_of(folder: Path) -> Iterator[Path]:
    """Make the folder of unfinished files, for one process at a time, and remove it once all files are whole.

    Raises InputError if another process downloads to the folder.
    """
    parts = folder / PARTS
    parts.mkdir(parents=True, exist_ok=True)
    lock = os.open(parts, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"another command downloads to {folder}; wait for it, or choose another folder"
            ) from None
        yield parts
        for left in parts.iterdir():  # of objects that have changed since
            left.unlink()
        parts.rmdir()
    finally:
        os.close(lock)


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp()) * 1_000_000_000
