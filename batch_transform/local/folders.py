"""The folders of the local AWS and of runs, each held by one process at a time.

A lock in the folder says so. It is flock's: the system frees it when its process ends, by SIGKILL too.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from batch_transform.job.errors import InputError

_PREFIX = "batch-transform-"
_LOCK = "local-aws.lock"
_SECONDS_TO_LOCK = 60.0


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """Have a folder for this process alone; it is made where it is not there.

    Raises InputError when another process has it, or when it is not writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder)
        if lock is not None:
            lock.write(f"{os.getpid()}\n")  # a full disk would be found now, not at the end
            lock.flush()
    except OSError as error:
        raise InputError(
            f"--data-dir {folder}: the folder is not writable: {error.strerror}; name another one"
        ) from error
    if lock is None:
        raise InputError(
            f"--data-dir {folder}: another local AWS uses it; stop that one, or take another folder"
        )
    with lock:
        yield folder


_own: dict[Path, int] = {}
"""The temporary folders of this process, with its id: a fork does not remove them."""


@atexit.register
def _remove_own() -> None:
    for folder, process in _own.items():
        if process == os.getpid():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder that goes at the end, and remove those of processes that were killed before theirs."""
    with locked_temporary_folder() as (folder, _):
        yield folder


@contextmanager
def locked_temporary_folder() -> Iterator[tuple[Path, int]]:
    """Give a temporary folder, and the file number of its lock: a child that inherits that holds the folder too."""
    _remove_abandoned(Path(tempfile.gettempdir()))
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        # a signal may come between two steps of a `with`, where nothing is cleaned up but at the end of the process
        _own[folder] = os.getpid()
        try:
            lock = _locked(folder)
            if lock is None:
                continue  # another start saw it before its lock was ours, and takes it for an abandoned one
            with lock:
                if os.fstat(lock.fileno()).st_nlink:
                    yield folder, lock.fileno()
                    return
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            _own.pop(folder, None)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # it has gone meanwhile, or it is another user's
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                continue
            if not (folder / _LOCK).is_file():
                if time.time() - found.st_mtime > _SECONDS_TO_LOCK:
                    folder.rmdir()  # of a process that was killed before it had the lock: empty, or not ours
            else:
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
