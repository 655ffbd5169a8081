"""The one place where a name from outside, such as an S3 key, becomes a path on this machine."""

from __future__ import annotations

import contextlib
import errno
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch_transform.job.errors import KeyPathError

_MOST_BYTES_OF_A_SEGMENT = 255
"""NAME_MAX of all common file systems on Linux and macOS. A file system with a lower limit rejects longer names."""

_NAME_ERRORS = {
    errno.EEXIST: "a file or folder with that name already exists",
    errno.EILSEQ: "this file system does not allow the name",
    errno.EINVAL: "this file system does not allow the name",
    errno.EISDIR: "a folder with that name already exists",
    errno.ELOOP: "a folder in the path is a symbolic link",
    errno.ENAMETOOLONG: "it is too long for this file system",
    errno.ENOTDIR: "a folder in the path is a file or a symbolic link",
    errno.ENOTEMPTY: "a folder with that name already exists",
}
"""Errors caused by the name and not by the disk: another name would work."""


class FilesBelow:
    """Puts files into `folder`, and nowhere else, under names such as the last part of an S3 key.

    Symbolic links below the folder are never followed. A file never replaces one that was put here under another name:
    on a file system that ignores case, such as that of macOS, `A` and `a` are the same file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._put: dict[tuple[int, int], str] = {}

    def put(self, file: Path, name: str) -> Path:
        """Move `file`, which must be on the same file system, to its place, and return the new path.

        Raises KeyPathError if the name is not a path below the folder, and OSError if the disk is at fault.
        """
        *folders, last = segments(name)
        try:
            with _opened(self._folder, folders) as parent:
                self._require_own(name, last, parent)
                os.replace(file, last, dst_dir_fd=parent)
                found = os.lstat(last, dir_fd=parent)
                path = self._folder.joinpath(*folders, last)
                path.lstat()  # a whole path has its own limit
        except OSError as error:
            if error.errno in _NAME_ERRORS:
                raise KeyPathError(name, _NAME_ERRORS[error.errno]) from error
            raise
        self._put[found.st_dev, found.st_ino] = name
        return path

    def _require_own(self, name: str, last: str, parent: int) -> None:
        try:
            found = os.lstat(last, dir_fd=parent)
        except FileNotFoundError:
            return
        other = self._put.get((found.st_dev, found.st_ino))
        if other is not None:
            raise KeyPathError(name, f"on this file system it is the same file as {other!r}")


def segments(name: str) -> tuple[str, ...]:
    """Return the folders and the file name that a name consists of. Raises KeyPathError if it can't be a path.

    S3 accepts any text of up to 1,024 bytes as a key. This refuses names that a file system would resolve to another
    place or name (`..`, `.`, and empty segments, including a leading or trailing slash), names that are too long, and
    control characters, which a terminal would act on.
    """
    found = tuple(name.split("/"))
    for segment in found:
        if segment == "":
            raise KeyPathError(name, "it has an empty segment")
        if segment in {".", ".."}:
            raise KeyPathError(name, f"it has the segment {segment}")
        if any(unicodedata.category(character) == "Cc" for character in segment):
            raise KeyPathError(name, "it has a control character")
        try:
            size = len(segment.encode())
        except UnicodeEncodeError:
            raise KeyPathError(name, "it is not valid Unicode") from None
        if size > _MOST_BYTES_OF_A_SEGMENT:
            raise KeyPathError(
                name,
                f"a segment has {size} bytes, and a file name can have at most {_MOST_BYTES_OF_A_SEGMENT}",
            )
    return found


def can_be_written(folder: Path) -> bool:
    """Return whether files can be written to a folder, which may not exist yet."""
    nearest = next((place for place in (folder, *folder.absolute().parents) if place.exists()), folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


@contextmanager
def _opened(folder: Path, below: list[str]) -> Iterator[int]:
    """Open a folder below another one, creating missing folders one by one, without following links."""
    folder.mkdir(parents=True, exist_ok=True)
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in below:
            with contextlib.suppress(FileExistsError):  # os.open checks that it is a folder
                os.mkdir(name, dir_fd=here)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = inner
        yield here
    finally:
        os.close(here)
