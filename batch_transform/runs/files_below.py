"""The one place where a name that we did not choose, such as an S3 key, becomes a path on this machine."""

from __future__ import annotations

import contextlib
import errno
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch_transform.spec.errors import KeyPathError

_MOST_BYTES_OF_A_SEGMENT = 255
"""NAME_MAX of every file system that is usual on Linux and macOS; one with less refuses by itself."""

_NAME_ERRORS = {
    errno.EEXIST: "a file or folder of that name is there already",
    errno.EILSEQ: "this file system has no such names",
    errno.EINVAL: "this file system has no such names",
    errno.EISDIR: "there is a folder of that name",
    errno.ELOOP: "a symbolic link is in the way",
    errno.ENAMETOOLONG: "it is too long for this file system",
    errno.ENOTDIR: "a file or a symbolic link is in the way, where it needs a folder",
    errno.ENOTEMPTY: "there is a folder of that name",
}
"""What the system says about a name, rather than about the disk: another name would do."""


class FilesBelow:
    """Puts files into `folder` under names such as the ends of S3 keys; none lands anywhere else.

    No symbolic link below the folder is followed, whoever made it, and no file replaces another one that was put
    here under another name: file systems that ignore case, as macOS's, hold `A` and `a` for the same.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._put: dict[tuple[int, int], str] = {}

    def put(self, file: Path, name: str) -> Path:
        """Move `file`, which is on the same file system, to its place and return that.

        Raises KeyPathError where the name is no path below the folder, and OSError where the disk is at fault.
        """
        *folders, last = segments(name)
        try:
            with _opened(self._folder, folders) as parent:
                self._require_own(name, last, parent)
                os.replace(file, last, dst_dir_fd=parent)
                found = os.lstat(last, dir_fd=parent)
                path = self._folder.joinpath(*folders, last)
                path.lstat()  # a whole path has a limit of its own
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
            raise KeyPathError(name, f"this file system holds it for the same as {other!r}")


def segments(name: str) -> tuple[str, ...]:
    """Return the folders and the file that a name consists of. Raises KeyPathError where it is no path downwards.

    S3 takes any text of up to 1,024 bytes as a key. Refused is what a file system would take for another place or
    for another name (`..`, `.`, an empty segment, so a leading or trailing slash), what it has no room for, and
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
            raise KeyPathError(name, "it is no Unicode text") from None
        if size > _MOST_BYTES_OF_A_SEGMENT:
            raise KeyPathError(
                name, f"a segment has {size} bytes, and a file's name at most {_MOST_BYTES_OF_A_SEGMENT}"
            )
    return found


def can_be_written(folder: Path) -> bool:
    """Say whether files can be put into a folder, or into one that would be made there."""
    nearest = next((place for place in (folder, *folder.absolute().parents) if place.exists()), folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


@contextmanager
def _opened(folder: Path, below: list[str]) -> Iterator[int]:
    """Open a folder below another, making what is missing, one by one: no link in between is followed."""
    folder.mkdir(parents=True, exist_ok=True)
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in below:
            with contextlib.suppress(FileExistsError):  # what it is shows when it is opened
                os.mkdir(name, dir_fd=here)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = inner
        yield here
    finally:
        os.close(here)
