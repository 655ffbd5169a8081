"""The person's own files, put where the job reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batch_transform.job.errors import DataNotFoundError
from batch_transform.job.files.regular_file import kind_of
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.runs import transfers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3.client import S3Client


_LONGEST_KEY = 1024
"""Bytes (User Guide, "Naming Amazon S3 objects")."""

HIDDEN = "."
"""Files and folders whose names begin with this are left out: editors, notebooks and Finder create them.

All others are data, including `_SUCCESS`, as below a prefix in S3.
"""


@dataclass(frozen=True)
class InputFiles:
    """The files to score, in order, and the paths in their folder that are left out; those of folders end with /."""

    files: tuple[Path, ...]
    left_out: tuple[str, ...] = ()


def files_of(path: Path) -> InputFiles:
    """Return the file, or all files below the folder. Raises DataNotFoundError if there is none.

    Names below the folder that begin with a dot are left out. Links are followed.
    """
    if path.is_file():
        _require_readable(path)
        return InputFiles((path,))
    if not path.is_dir():
        kind = kind_of(path)
        what = f"it is {kind}, not a file or folder" if kind else "there is no such file or folder"
        raise DataNotFoundError(f"--input {path}: {what}")
    files: list[Path] = []
    left_out: list[Path] = []
    _look_below(path, files, left_out, (path.resolve(),))
    names = tuple(
        f"{one.relative_to(path).as_posix()}{'/' if one.is_dir() else ''}" for one in sorted(left_out)
    )
    if not files:
        hidden = f" except {', '.join(names[:3])}, whose names begin with a dot" if names else ""
        raise DataNotFoundError(f"--input {path}: the folder has no files{hidden}")
    return InputFiles(tuple(sorted(files)), names)


def _look_below(folder: Path, files: list[Path], left_out: list[Path], above: tuple[Path, ...]) -> None:
    """Add the files in the folder. `above` are the folder and those around it, with links resolved."""
    for found in folder.iterdir():
        if found.name.startswith(HIDDEN):
            left_out.append(found)
            continue
        _require_readable(found)
        if found.is_file():
            files.append(found)
        elif found.is_dir():
            place = found.resolve()
            if place in above:
                raise DataNotFoundError(
                    f"--input: {found} is a link to a folder that contains it; remove the link"
                )
            _look_below(found, files, left_out, (*above, place))


def _require_readable(file: Path) -> None:
    """Refuse a file that cannot be read: left out silently, it would be missing in the results."""
    if kind := kind_of(file):
        raise DataNotFoundError(f"--input: {file} is {kind}, not a regular file; remove it from the folder")
    if file.is_symlink() and not file.exists():
        raise DataNotFoundError(f"--input: {file} is a broken link; remove it from the folder")
    try:
        file.name.encode()
    except UnicodeEncodeError:
        raise DataNotFoundError(
            f"--input: {str(file)!a} has a name that is not UTF-8, as an S3 key must be; rename it"
        ) from None


def upload(path: Path, destination: S3Uri, s3: S3Client) -> Iterator[tuple[Path, S3Uri]]:
    """Upload a file, or a folder's files with their paths, below `destination`; yield each when it is uploaded.

    Raises DataNotFoundError, before anything is uploaded, for a path that is too long for a key.
    """
    targets = {file: _target(path, file, destination) for file in files_of(path).files}
    for file in transfers.in_turn(
        targets,
        lambda file: file.stat().st_size,
        lambda file: transfers.send(file, targets[file], s3),
    ):
        yield file, targets[file]


def _target(path: Path, file: Path, destination: S3Uri) -> S3Uri:
    name = file.name if file == path else file.relative_to(path).as_posix()
    key = f"{destination.key.rstrip('/')}/{name}".lstrip("/")
    if (size := len(key.encode())) > _LONGEST_KEY:
        raise DataNotFoundError(
            f"--input: {file} would have a key of {size:,} bytes, but S3 allows {_LONGEST_KEY:,}; shorten its path"
        )
    return S3Uri(destination.bucket, key)
