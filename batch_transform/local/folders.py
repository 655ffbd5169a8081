"""The folders of the local AWS and of runs. One process at a time has a folder.

It holds an flock on a file there, which the system frees when the process ends, even by SIGKILL.
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
_MOST_REMOVALS = 20
_SECONDS_TO_LOCK = 60.0


@contextmanager
def locked_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder that is locked for this process, and create it if it doesn't exist.

    Raises InputError if another process has it, or if it isn't writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder)
        if lock is not None:
            lock.write(f"{os.getpid()}\n")  # finds out now, rather than at the end, that the disk is full
            lock.flush()
    except OSError as error:
        raise InputError(
            f"--data-dir {folder}: the folder is not writable: {error.strerror}; choose another one"
        ) from error
    if lock is None:
        raise InputError(
            f"--data-dir {folder}: another local AWS uses this folder; stop it, or choose another folder"
        )
    with lock:
        yield folder


_own: dict[Path, int] = {}
"""The temporary folders of this process, with its id, so that a fork doesn't remove them."""


@atexit.register
def _remove_own() -> None:
    for folder, process in _own.items():
        if process == os.getpid():
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder, more than once: Node outlives the synth that was killed by a moment, and may still write."""
    for _ in range(_MOST_REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a folder that is removed at the end; remove those that killed processes left behind."""
    with locked_temporary_folder() as (folder, _):
        yield folder


@contextmanager
def locked_temporary_folder() -> Iterator[tuple[Path, int]]:
    """Yield a temporary folder and its lock's file descriptor: a child that inherits it holds the folder, too."""
    _remove_abandoned(Path(tempfile.gettempdir()))
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        # a signal may arrive between two steps of a `with`: then only the end of the process cleans up
        _own[folder] = os.getpid()
        try:
            lock = _locked(folder)
            if lock is None:
                continue  # another start saw the folder before we locked it, and is removing it as abandoned
            with lock:
                if os.fstat(lock.fileno()).st_nlink:
                    yield folder, lock.fileno()
                    return
        finally:
            _remove(folder)
            _own.pop(folder, None)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # it is gone by now, or belongs to another user
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                continue
            if not (folder / _LOCK).is_file():
                if time.time() - found.st_mtime > _SECONDS_TO_LOCK:
                    folder.rmdir()  # its process was killed before it had the lock: empty, or not ours
            else:
                lock = _locked(folder)
                if lock is not None:
                    with lock:
                        shutil.rmtree(folder, ignore_errors=True)


def _locked(folder: Path) -> TextIO | None:
    """Return the locked file of a folder, or None if another process holds the lock. Raises OSError."""
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
