"""Reads the start of an input, a local file or an object in S3, and no more of it than needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from batch_transform.engine.interfaces import InputObject
from batch_transform.engine.records import ByteStream
from batch_transform.engine.selection import is_folder_marker, manifest_entries
from batch_transform.job.errors import DataNotFoundError, InputError
from batch_transform.job.files.input_files import files_of
from batch_transform.job.files.regular_file import open_file
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.local.sagemaker.s3_store import S3Store


@dataclass(frozen=True)
class Source:
    """An open input; `size` is in bytes, as stored."""

    name: str
    size: int
    stream: ByteStream


@contextmanager
def open_source(place: str, s3: Callable[[], Any]) -> Iterator[Source]:
    """Open a file, the first file of a folder, an object in S3, or the first object below a prefix.

    `s3` makes a boto3 S3 client, and is called only for an S3 URI. Raises DataNotFoundError if there is nothing to
    read, and InputError if AWS doesn't answer.
    """
    if place.startswith(("s3://", "https://")):
        try:
            with _opened_object(S3Uri.parse(place), S3Store(s3())) as source:
                yield source
        except (ClientError, BotoCoreError) as error:
            raise InputError(f"--input {place} cannot be read: {error}") from error
        return
    if place.lower().startswith(("s3:", "s3a:", "s3n:")) and not Path(place).exists():
        raise InputError(f"--input {place} is neither a file nor an S3 URI: write s3://BUCKET/KEY")
    path = _first_file(Path(place))
    try:
        with _open(path) as stream:
            yield Source(str(path), path.stat().st_size, stream)
    except OSError as error:
        raise InputError(f"--input {path} cannot be read: {error.strerror}") from error


def first_in_manifest(place: str, s3: Callable[[], Any]) -> str:
    """Return the URI of the first object that a manifest in S3 lists. Raises the same errors as `open_source`."""
    with open_source(place, s3) as source:
        parts = []
        while part := source.stream.read(_CHUNK):
            parts.append(part)
    entries = manifest_entries(b"".join(parts))
    if not entries:
        raise DataNotFoundError(f"the manifest {place} lists no objects; add some, or pass another --input")
    return str(entries[0][1])


_CHUNK = 1024 * 1024
_OPEN_FILES = (Path("/dev/fd"), Path("/proc/self/fd"))


@contextmanager
def _opened_object(place: S3Uri, store: S3Store) -> Iterator[Source]:
    found = next(
        (one for one in store.list_objects(place.bucket, place.key) if not is_folder_marker(one)), None
    )
    if found is None:
        raise DataNotFoundError(
            f"--input {place}: no object has an address that begins with this; correct it, or upload data there"
        )
    with _stream(found, store) as stream:
        yield Source(str(S3Uri(found.bucket, found.key)), found.size, stream)


@contextmanager
def _stream(found: InputObject, store: S3Store) -> Iterator[ByteStream]:
    stream = store.open(found.bucket, found.key)
    try:
        yield stream
    finally:
        stream.close()  # the rest of the object is not downloaded


def _open(path: Path) -> BinaryIO:
    """Open a file, or a pipe that this process already has open, such as the shell's `<(zcat rows.csv.gz)`."""
    return path.open("rb") if path.parent in _OPEN_FILES else open_file(path)


def _first_file(path: Path) -> Path:
    """Return the first file that `run` would score."""
    return files_of(path).files[0] if path.is_dir() or not path.exists() else path
