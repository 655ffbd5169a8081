"""Files that a person names, opened only where they are files: a pipe or a device may never end."""

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

    Raises OSError, as `Path.open` does, whose `strerror` tells what a path that is no file is.
    """
    _require_file(path, path.stat().st_mode)  # first: opening may do something to a device
    # and without waiting for a writer, should a pipe have come in its place
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
    """Return what a path is that is neither file nor folder, such as `a device`; None for these and for nothing."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    return None if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else _kind(mode)


def _require_file(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(number, f"it is {_kind(mode)}, and only a file is read", str(path))


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "no file")
