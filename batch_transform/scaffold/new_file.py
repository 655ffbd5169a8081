"""Files that were not there before: nothing is overwritten, and of several files all are written or none."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from batch_transform.job.errors import InputError


def write_new(path: Path, text: str) -> None:
    """Write a text to a new file, with its folder. Raises InputError where a file is, which stays as it is."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError(f"{path} is there already and is not overwritten; choose another name") from error
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error


def write_all_new(folder: Path, files: Mapping[PurePosixPath, bytes]) -> None:
    """Write new files below a folder, which is made if it is not there.

    A new folder appears with all of its files at once, under another name until then. In a folder that exists, the
    files that were written are removed again if one of them can't be, or on Ctrl-C. Raises InputError that names
    every file in the way, and writes nothing.
    """
    _require_free(folder, files)
    try:
        if folder.exists():
            _write_or_undo(folder, files)
        else:
            _write_as_one(folder, files)
    except FileExistsError as error:  # made by somebody else in the meantime
        raise InputError(f"{error.filename} is there already; nothing was written") from error
    except OSError as error:
        place = error.filename or folder
        raise InputError(f"{place} cannot be written: {error.strerror}; nothing was written") from error


def _require_free(folder: Path, files: Iterable[PurePosixPath]) -> None:
    if os.path.lexists(folder) and not folder.is_dir():
        raise InputError(f"{folder} is not a folder; choose another name")
    taken = dict.fromkeys(found for file in files if (found := _in_the_way(folder, file)))
    if taken:
        what, them = ("these files are", "them") if len(taken) > 1 else ("this file is", "it")
        raise InputError(
            f"nothing was written to {folder}, because {what} there already and not overwritten: "
            f"{', '.join(map(str, taken))}; move {them} away, or choose another folder"
        )


def _in_the_way(folder: Path, file: PurePosixPath) -> PurePosixPath | None:
    """Return the file, or the file in place of one of its folders, that is there already."""
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
    """Make a folder and those above it that are missing."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir()
        undo.callback(_remove_if_empty, one)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # somebody else's file is in it
        folder.rmdir()


@contextlib.contextmanager
def _undone_on_failure() -> Iterator[contextlib.ExitStack]:
    """Yield a stack of steps that are taken, the last one first, unless the block ends well."""
    with contextlib.ExitStack() as undo:
        yield undo
        undo.pop_all()
