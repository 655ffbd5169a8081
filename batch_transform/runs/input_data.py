"""The person's own files, put where the job reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from batch_transform.spec.errors import DataNotFoundError
from batch_transform.spec.regular_file import kind_of
from batch_transform.spec.s3_uri import S3Uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3.client import S3Client


def files_of(path: Path) -> list[Path]:
    """Return the file, or all files below the folder, in order. Raises DataNotFoundError when there is none."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        kind = kind_of(path)
        what = f"it is {kind}, and only files are read" if kind else "there is no such file or folder"
        raise DataNotFoundError(f"--input {path}: {what}")
    found = sorted(file for file in path.rglob("*") if not file.name.startswith("."))
    for file in found:
        _require_readable(file)
    files = [file for file in found if file.is_file()]
    if not files:
        raise DataNotFoundError(f"--input {path}: the folder holds no file")
    return files


def _require_readable(file: Path) -> None:
    """What is left out without a word would be missing in the results."""
    if kind := kind_of(file):
        raise DataNotFoundError(
            f"--input: {file} is {kind}, and only files are read; remove it from the folder"
        )
    if file.is_symlink() and not file.exists():
        raise DataNotFoundError(f"--input: {file} is a link to nothing; remove it from the folder")
    try:
        file.name.encode()
    except UnicodeEncodeError:
        raise DataNotFoundError(
            f"--input: {str(file)!a} is no UTF-8 name, as an S3 key must be; rename it"
        ) from None


def upload(path: Path, destination: S3Uri, s3: S3Client) -> Iterator[tuple[Path, S3Uri]]:
    """Upload a file, or a folder's files with their paths, below `destination`; yield each when it is there."""
    for file in files_of(path):
        name = file.name if file == path else file.relative_to(path).as_posix()
        target = S3Uri(destination.bucket, f"{destination.key.rstrip('/')}/{name}".lstrip("/"))
        s3.upload_file(str(file), target.bucket, target.key)
        yield file, target
