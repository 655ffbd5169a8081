"""Transfers files to and from S3: small files in parallel with one request each, large files with boto3's methods.

boto3's `upload_file` and `download_file` start threads for each file, and `download_file` requests its size first:
for a file with one row, that is most of the work.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from batch_transform.job.errors import DataNotFoundError
from batch_transform.job.files.input_files import files_of
from batch_transform.job.values.s3_uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

SMALL = 1024 * 1024
"""The largest file, in bytes, that is sent with one request."""

AT_A_TIME = 8
"""The most files transferred at once. boto3 keeps ten connections open."""

_AHEAD = 64 * AT_A_TIME
"""The most items that are waiting to be yielded: a future of each of a million would take a gigabyte."""

_LONGEST_KEY = 1024
"""In bytes (S3 User Guide, "Naming Amazon S3 objects")."""

Item = TypeVar("Item")


def in_turn(
    items: Iterable[Item],
    size: Callable[[Item], int],
    transfer: Callable[[Item], None],
    *,
    small: float = SMALL,
    stop: Callable[[], None] = lambda: None,
) -> Iterator[Item]:
    """Transfer all items, small ones in parallel and large ones alone. Yield each item when it is done, in order.

    An error is raised when its item's turn comes, and ends the transfer. `stop` is called then, and after Ctrl-C,
    before the items in progress are waited for.
    """
    pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="transfer")
    remaining = iter(items)
    started: deque[tuple[Item, Future[None] | None]] = deque()

    def start(count: int) -> None:
        started.extend(
            (item, pool.submit(transfer, item) if size(item) <= small else None)
            for item in islice(remaining, count)
        )

    try:
        start(_AHEAD)
        while started:
            item, in_parallel = started.popleft()
            if in_parallel is None:
                transfer(item)
            else:
                in_parallel.result()
            start(1)
            yield item
    except BaseException:
        stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def send(file: Path, target: S3Uri, s3: S3Client) -> None:
    """Upload one file."""
    if file.stat().st_size > SMALL:
        s3.upload_file(str(file), target.bucket, target.key)
    else:
        s3.put_object(Bucket=target.bucket, Key=target.key, Body=file.read_bytes())


def fetch(source: S3Uri, size: int, file: Path, s3: S3Client) -> None:
    """Download an object of the given size into a file. Raises OSError for a disk error."""
    if size > SMALL:
        s3.download_file(source.bucket, source.key, str(file))
    else:
        file.write_bytes(s3.get_object(Bucket=source.bucket, Key=source.key)["Body"].read())


def upload(path: Path, destination: S3Uri, s3: S3Client) -> Iterator[tuple[Path, S3Uri]]:
    """Upload a file, or a folder's files with their paths, below `destination`. Yield each when it is uploaded.

    Raises DataNotFoundError, before anything is uploaded, if a path is too long for a key.
    """
    targets = {file: target_of(path, file, destination) for file in files_of(path).files}
    for file in in_turn(
        targets,
        lambda file: file.stat().st_size,
        lambda file: send(file, targets[file], s3),
    ):
        yield file, targets[file]


def target_of(path: Path, file: Path, destination: S3Uri) -> S3Uri:
    """Return where a file that is, or is below, `path` goes. Raises DataNotFoundError if its key would be too long."""
    name = file.name if file == path else file.relative_to(path).as_posix()
    key = f"{destination.key.rstrip('/')}/{name}".lstrip("/")
    if (size := len(key.encode())) > _LONGEST_KEY:
        raise DataNotFoundError(
            f"{file} would have a key of {size:,} bytes, but S3 allows {_LONGEST_KEY:,}; shorten its path"
        )
    return S3Uri(destination.bucket, key)
