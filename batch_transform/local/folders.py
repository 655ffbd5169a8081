"""The folders of the local AWS, each held by one process at a time.

A lock in the folder says so. It is flock's: the system frees it when its process ends, by SIGKILL too.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from batch_transform.spec.errors import InputError

_PREFIX = "batch-transform-"
_LOCK = "local-aws.lock"


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """Have a folder for this process alone; it is made where it is not there.

    Raises InputError when another process has it, or when nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder)
        if lock is not None:
            lock.write(f"{os.getpid()}\n")  # a full disk would be found now, not at the end
            lock.flush()
    except OSError as error:
        raise InputError(
            f"--data-dir {folder}: nothing can be written there: {error.strerror}; take another folder"
        ) from error
    if lock is None:
        raise InputError(
            f"--data-dir {folder}: another local AWS uses it; stop that one, or take another folder"
        )
    with lock:
        yield folder


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder that goes at the end, and remove those of processes that were killed before theirs."""
    _remove_abandoned(Path(tempfile.gettempdir()))
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = _locked(folder)
        if lock is not None and os.fstat(lock.fileno()).st_nlink:
            break  # else another start saw it without its lock, and took it for an abandoned one
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # it has gone meanwhile, or it is another user's
            is_ours = folder.lstat().st_uid == os.getuid() and not folder.is_symlink()
            if is_ours and (folder / _LOCK).is_file():
                lock = _locked(folder)
                if lock is not None:
                    with lock:
                        shutil.rmtree(folder, ignore_errors=True)


def _locked(folder: Path) -> TextIO | None:
    """Return the locked file of a folder; None when another process has it. Raises OSError."""
    lock = (folder / _LOCK).open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    except OSError:
        lock.close()
        raise
    return lock
