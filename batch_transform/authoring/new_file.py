"""A file that was not there before."""

from __future__ import annotations

from pathlib import Path

from batch_transform.spec.errors import InputError


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
