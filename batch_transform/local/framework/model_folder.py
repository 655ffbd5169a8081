"""/opt/ml/model for code that names it: only the model server's own process sees the model's folder there.

On Linux a process can have mounts of its own, which no other process sees and which end with it. Nothing is written to
the disk. Where the system does not allow it (macOS, most containers), nothing happens: the error of the code then comes
with an explanation of /opt/ml/model (`start_hints`).
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from batch_transform.job.model.framework_containers import MODEL_FOLDER

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_SYSTEM_CAN = sys.platform == "linux"
_ROOT = Path(MODEL_FOLDER).parents[1]


def is_named(code: Path) -> bool:
    """Whether a script in the code folder names the container's model folder."""
    return any(MODEL_FOLDER.encode() in file.read_bytes() for file in code.rglob("*.py") if file.is_file())


def show(model_dir: Path) -> bool:
    """Mount the model's folder at /opt/ml/model for this process and its children. Return whether it worked.

    Call it while the process has a single thread.
    """
    if not _SYSTEM_CAN or not _ROOT.is_dir():
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        _unshare(libc)
        _mount(libc, None, "/", _MS_REC | _MS_PRIVATE)
        if not Path(MODEL_FOLDER).is_dir():
            _add_place(libc)
        _mount(libc, str(model_dir.resolve()), MODEL_FOLDER, _MS_BIND | _MS_REC)
    except OSError:
        return False
    return True


def _add_place(libc: ctypes.CDLL) -> None:
    """Put an empty /opt/ml/model over /opt, and keep everything else in /opt."""
    before = os.open(_ROOT, os.O_RDONLY | os.O_DIRECTORY)
    try:
        links = {entry: entry.readlink() for entry in _ROOT.iterdir() if entry.is_symlink()}
        folders = {entry: entry.is_dir() for entry in _ROOT.iterdir() if entry not in links}
        _mount(libc, "tmpfs", str(_ROOT), 0, kind="tmpfs")
        for entry, target in links.items():
            entry.symlink_to(target)
        for entry, is_folder in folders.items():
            entry.mkdir() if is_folder else entry.touch()
            _mount(libc, f"/proc/self/fd/{before}/{entry.name}", str(entry), _MS_BIND | _MS_REC)
        Path(MODEL_FOLDER).mkdir(parents=True, exist_ok=True)
    finally:
        os.close(before)


def _unshare(libc: ctypes.CDLL) -> None:
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWNS) == 0:
        return
    _check(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def _mount(libc: ctypes.CDLL, source: str | None, target: str, flags: int, kind: str | None = None) -> None:
    given = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    _check(libc.mount(given[0], given[1], given[2], ctypes.c_ulong(flags), None))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
