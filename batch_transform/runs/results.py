"""Copies the `.out` objects of a run to this machine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from batch_transform.job.errors import KeyPathError, ResultsError
from batch_transform.job.record.names import SUCCESS_FILE, is_of_record
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.runs import transfers
from batch_transform.runs.files_below import FilesBelow, segments

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@dataclass(frozen=True)
class Copies:
    """The results that were copied to `folder`, in the order of their keys, and the keys that cannot be paths.

    The files of the run's record are copied too, and are not among `files`.
    """

    folder: Path
    files: tuple[Path, ...]
    refused: tuple[KeyPathError, ...] = ()
    problem: str = ""

    @property
    def results(self) -> tuple[Path, ...]:
        """The files with results, without those of the run's record."""
        return tuple(file for file in self.files if file.name.endswith(".out"))

    def require_whole(self) -> None:
        """Raise ResultsError if any results are missing from the folder, with one line for each."""
        lines = [f"{error}; it was not copied" for error in self.refused]
        if self.problem or lines:
            raise ResultsError("\n".join([*([self.problem] if self.problem else []), *lines]))


def copy_results(
    output: S3Uri, folder: Path, s3: S3Client, *, ask_again: Callable[[str], bool] = lambda _problem: False
) -> Copies:
    """Copy a run's results with `fetch`; after a disk error, to a temporary folder, since the local AWS stops next.

    If that fails too, `ask_again` gets the problem and returns whether to try again. Raises ResultsError if it
    returns False.
    """
    while True:
        try:
            return fetch(output, folder, s3)
        except OSError as error:
            problem = f"{error.filename}: {error.strerror}"
        saved = None
        try:
            saved = Path(tempfile.mkdtemp(prefix="batch-transform-results-"))
            copies = fetch(output, saved, s3)
        except OSError as error:
            if saved is not None:
                shutil.rmtree(saved, ignore_errors=True)
            problem += f"; {error.filename or 'the folder for temporary files'}: {error.strerror}"
        else:
            (folder / SUCCESS_FILE).unlink(missing_ok=True)  # it has no bytes, so it fits on a full disk
            found = f"{problem}; all results are in {saved} instead; free space, and move them from there"
            return replace(copies, problem=found)
        if not ask_again(f"{problem}; free space on one of these disks"):
            raise ResultsError(
                f"{problem}; {folder} has the results that were copied before, and the others were lost with the local "
                "AWS; free space, or name another folder with --out, and run it again"
            )


def fetch(output: S3Uri, folder: Path, s3: S3Client) -> Copies:
    """Download all objects below `output` into `folder`, with their paths; nothing is written anywhere else.

    Each file appears only when it is complete: it is downloaded to a temporary name and then renamed. An object whose
    key is not a path below the folder is refused, and the others are still copied. The empty objects that S3's console
    creates for folders are skipped. Raises OSError, with the file's name, if a file cannot be written.
    """
    prefix = f"{output.key.rstrip('/')}/"
    wanted: list[_Copy] = []
    refused: list[KeyPathError] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=output.bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            key, name = entry["Key"], entry["Key"].removeprefix(prefix)
            if key.endswith("/") and entry["Size"] == 0:
                continue
            try:
                whole = folder.joinpath(*segments(name))
            except KeyPathError as error:
                refused.append(KeyPathError(key, error.why))
            else:
                wanted.append(_Copy(S3Uri(output.bucket, key), entry["Size"], name, whole))
    copied, more_refused = _fetch_all(wanted, folder, s3) if wanted else ([], [])
    files = [file for file in copied if not is_of_record(file.relative_to(folder).as_posix())]
    return Copies(folder, tuple(files), tuple(sorted(refused + more_refused, key=lambda error: error.name)))


@dataclass(frozen=True)
class _Copy:
    """An object to copy to the file `whole`, which is `name` below the folder."""

    source: S3Uri
    size: int
    name: str
    whole: Path


def _fetch_all(wanted: list[_Copy], folder: Path, s3: S3Client) -> tuple[list[Path], list[KeyPathError]]:
    """Copy in order: if two names are the same file on this file system, the first one always wins."""
    files: list[Path] = []
    refused: list[KeyPathError] = []
    target = FilesBelow(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".copies-", dir=folder) as parts:

        def part(number: int) -> Path:
            return Path(parts, str(number))

        def transfer(numbered: tuple[int, _Copy]) -> None:
            number, copy = numbered
            with _naming(copy.whole):
                transfers.fetch(copy.source, copy.size, part(number), s3)

        for number, copy in transfers.in_turn(list(enumerate(wanted)), lambda one: one[1].size, transfer):
            with _naming(copy.whole), _collecting(copy.source.key, refused):
                files.append(target.put(part(number), copy.name))
    return files, refused


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Make a disk error name the file that the user expects."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error


@contextmanager
def _collecting(key: str, refused: list[KeyPathError]) -> Iterator[None]:
    """Collect a key that cannot be a path, and continue with the others."""
    try:
        yield
    except KeyPathError as error:
        refused.append(KeyPathError(key, error.why))
