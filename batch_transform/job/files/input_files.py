"""Finds the files on this machine that a run scores, and checks them by the rules of the preflight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_transform.job.errors import DataNotFoundError, UnfitDataError
from batch_transform.job.files.regular_file import kind_of, open_file
from batch_transform.job.request.request import Request
from batch_transform.job.rules.unfit_data import FIRST_BYTES, Reading, unfit_name, unfit_text

HIDDEN = "."
"""Files and folders whose names begin with this are left out: editors, notebooks and Finder create them.

All others are data, including `_SUCCESS`, just as they are below a prefix in S3.
"""


@dataclass(frozen=True)
class InputFiles:
    """The files to score, in order, and the paths in their folder that are left out; a folder's path ends with /."""

    files: tuple[Path, ...]
    left_out: tuple[str, ...] = ()


def files_of(path: Path, *, named: str | None = None) -> InputFiles:
    """Return the file, or all files below the folder. Raises DataNotFoundError if there is none.

    `named` is how errors name the path; default: as the option `--input`.

    Names below the folder that begin with a dot are left out. Links are followed.
    """
    named = f"--input {path}" if named is None else named
    if path.is_file():
        _require_readable(path)
        return InputFiles((path,))
    if not path.is_dir():
        kind = kind_of(path)
        what = f"it is {kind}, not a file or folder" if kind else "there is no such file or folder"
        raise DataNotFoundError(f"{named}: {what}")
    files: list[Path] = []
    left_out: list[Path] = []
    _look_below(path, files, left_out, (path.resolve(),))
    names = tuple(
        f"{one.relative_to(path).as_posix()}{'/' if one.is_dir() else ''}" for one in sorted(left_out)
    )
    if not files:
        hidden = f" except {', '.join(names[:3])}, whose names begin with a dot" if names else ""
        raise DataNotFoundError(f"{named}: the folder has no files{hidden}")
    return InputFiles(tuple(sorted(files)), names)


def _look_below(folder: Path, files: list[Path], left_out: list[Path], above: tuple[Path, ...]) -> None:
    """Add the files in the folder. `above` are the folder and those around it, with links resolved."""
    for found in folder.iterdir():
        if found.name.startswith(HIDDEN):
            left_out.append(found)
            continue
        _require_readable(found)
        if found.is_file():
            files.append(found)
        elif found.is_dir():
            place = found.resolve()
            if place in above:
                raise DataNotFoundError(f"{found} is a link to a folder that contains it; remove the link")
            _look_below(found, files, left_out, (*above, place))


def _require_readable(file: Path) -> None:
    """Refuse a file that cannot be read: if it were skipped silently, the results would be incomplete."""
    if kind := kind_of(file):
        raise DataNotFoundError(f"{file} is {kind}, not a regular file; remove it from the folder")
    if file.is_symlink() and not file.exists():
        raise DataNotFoundError(f"{file} is a broken link; remove it from the folder")
    try:
        file.name.encode()
    except UnicodeEncodeError:
        raise DataNotFoundError(
            f"{str(file)!a} has a name that is not UTF-8, as an S3 key must be; rename it"
        ) from None


def require_fit(files: Sequence[Path], request: Request) -> None:
    """Raise UnfitDataError with all files that the job could not score as they are."""
    if request["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"] != "S3Prefix":
        return  # a manifest is not data
    reading = Reading.of(request)
    unfit = []
    for file in files:
        reasons = [unfit_name(file.name), reading.unfit_size(file.stat().st_size)]
        if reading.looks_at_first_bytes:
            with open_file(file) as stream:
                reasons.append(reading.unfit_start(stream.read(FIRST_BYTES)))
        unfit += [(str(file), reason) for reason in reasons if reason]
    if unfit:
        raise UnfitDataError(unfit_text(unfit, len(files)))
