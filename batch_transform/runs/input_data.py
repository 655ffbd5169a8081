"""The person's own files, put where the job reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from batch_transform.spec.errors import DataNotFoundError
from batch_transform.spec.s3_uri import S3Uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3.client import S3Client


def files_of(path: Path) -> list[Path]:
    """Return the file, or all files below the folder, in order. Raises DataNotFoundError when there is none."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataNotFoundError(f"--input {path}: there is no such file or folder")
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    if not files:
        raise DataNotFoundError(f"--input {path}: the folder holds no file")
    return files


def upload(path: Path, destination: S3Uri, s3: S3Client) -> Iterator[tuple[Path, S3Uri]]:
    """Upload a file, or a folder's files with their paths, below `destination`; yield each when it is there."""
    for file in files_of(path):
        name = file.name if file == path else file.relative_to(path).as_posix()
        target = S3Uri(destination.bucket, f"{destination.key.rstrip('/')}/{name}".lstrip("/"))
        s3.upload_file(str(file), target.bucket, target.key)
        yield file, target
