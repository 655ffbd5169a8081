"""Writes new files: nothing is overwritten, and several files are written together or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from batch_transform.job.errors import InputError


def write_new(path: Path, text: str) -> None:
    """Write text to a new file, and create its folder. Raises InputError, and changes nothing, if the file exists."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError(f"{path} already exists and is not overwritten; choose another name") from error
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error


def write_all_new(folder: Path, files: Mapping[PurePosixPath, bytes]) -> None:
    """Write new files into a folder, which is created if it does not exist.

    A new folder appears with all of its files at once. In an existing folder, if a file cannot be written, or on
    Ctrl-C, the files written so far are removed again. Raises InputError, which names every existing file, and writes
    nothing.
    """
    _require_free(folder, files)
    try:
        if folder.exists():
            _write_or_undo(folder, files)
        else:
            _write_as_one(folder, files)
    except FileExistsError as error:  # created by another process in the meantime
        raise InputError(f"{error.filename} already exists; nothing was written") from error
    except OSError as error:
        place = error.filename or folder
        raise InputError(f"{place} cannot be written: {error.strerror}; nothing was written") from error


def _require_free(folder: Path, files: Iterable[PurePosixPath]) -> None:
    if os.path.lexists(folder) and not folder.is_dir():
        raise InputError(f"{folder} is not a folder; choose another name")
    taken = dict.fromkeys(found for file in files if (found := _in_the_way(folder, file)))
    if taken:
        what, them = (
            ("these files already exist and are", "them")
            if len(taken) > 1
            else ("this file already exists and is", "it")
        )
        raise InputError(
            f"nothing was written to {folder}, because {what} not overwritten: "
            f"{', '.join(map(str, taken))}; move {them} away, or choose another folder"
        )


def _in_the_way(folder: Path, file: PurePosixPath) -> PurePosixPath | None:
    """Return the path that is in the way: the file itself, or a file where one of its folders would be."""
    for part in reversed([file, *file.parents][:-1]):
        place = folder / part
        if os.path.lexists(place) and (part == file or not place.is_dir()):
            return part
    return None


def _write_as_one(folder: Path, files: Mapping[PurePosixPath, bytes]) -> None:
    with _undone_on_failure() as undo:
        _make_folders(folder.parent, undo)
        made = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
        undo.callback(shutil.rmtree, made, ignore_errors=True)
        made.mkdir()
        for file, content in files.items():
            (made / file).parent.mkdir(parents=True, exist_ok=True)
            (made / file).write_bytes(content)
        made.rename(folder)


def _write_or_undo(folder: Path, files: Mapping[PurePosixPath, bytes]) -> None:
    with _undone_on_failure() as undo:
        for file, content in files.items():
            place = folder / file
            _make_folders(place.parent, undo)
            with place.open("xb") as written:
                undo.callback(place.unlink, missing_ok=True)
                written.write(content)


def _make_folders(folder: Path, undo: contextlib.ExitStack) -> None:
    """Create a folder and its missing parents."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir()
        undo.callback(_remove_if_empty, one)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # it has a file of another process
        folder.rmdir()


@contextlib.contextmanager
def _undone_on_failure() -> Iterator[contextlib.ExitStack]:
    """Yield a stack of steps that undo the work, last one first, unless the block succeeds."""
    with contextlib.ExitStack() as undo:
        yield undo
        undo.pop_all()
