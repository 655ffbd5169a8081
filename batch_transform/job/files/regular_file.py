"""Opens the files that a user names, but only regular files: reading a pipe or a device may never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, cast

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_file(path: Path) -> BinaryIO:
    """Open a regular file, or a link to one, for reading.

    Raises OSError, as `Path.open` does; if the path is anything but a file, `strerror` says what it is.
    """
    _require_file(path, path.stat().st_mode)  # first, because opening a device may have effects
    # O_NONBLOCK: don't wait for a writer if a pipe has replaced the file in the meantime
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _require_file(path, os.fstat(number).st_mode)
        return cast("BinaryIO", os.fdopen(number, "rb"))
    except BaseException:
        os.close(number)
        raise


def read_file(path: Path) -> bytes:
    """Return the content of a regular file. Raises OSError as `open_file` does."""
    with open_file(path) as file:
        return file.read()


def kind_of(path: Path) -> str | None:
    """Return what a path is, such as `a device`; None for a file, a folder, and a path that does not exist."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    return None if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else _kind(mode)


def _require_file(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(number, f"it is {_kind(mode)}, not a regular file", str(path))


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "a special file")
