"""The `.out` objects of a run, copied to this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from batch_transform.runs.files_below import FilesBelow, segments
from batch_transform.spec.errors import KeyPathError, ResultsError
from batch_transform.spec.s3_uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@dataclass(frozen=True)
class Copies:
    """The files below `folder` that were copied, in the order of their keys, and the keys that can be no files here."""

    folder: Path
    files: tuple[Path, ...]
    refused: tuple[KeyPathError, ...] = ()
    problem: str = ""

    def require_whole(self) -> None:
        """Raise ResultsError with all that is not where it should be, one line for each."""
        lines = [f"{error}; it was not copied" for error in self.refused]
        if self.problem or lines:
            raise ResultsError("\n".join([*([self.problem] if self.problem else []), *lines]))


def copy_results(
    output: S3Uri, folder: Path, s3: S3Client, *, ask_again: Callable[[str], bool] = lambda _problem: False
) -> Copies:
    """Copy a run's results with `fetch`, and elsewhere where the disk does not take them: the local AWS ends after it.

    `ask_again` gets the problem where nothing else takes them either, and says whether to try again. Raises
    ResultsError when it does not.
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
            found = f"{problem}; all results are in {saved} instead: free space, and move them from there"
            return replace(copies, problem=found)
        if not ask_again(f"{problem}: free space on one of these disks"):
            raise ResultsError(
                f"{problem}; of the results, {folder} has those that were copied before, and the others went with the "
                "local AWS: free space, or name another folder with --out, and run it again"
            )


def fetch(output: S3Uri, folder: Path, s3: S3Client) -> Copies:
    """Download all objects below `output` into `folder`, with their paths; nothing is written anywhere else.

    Each file appears whole: it is downloaded beside its place and then renamed. An object whose key is no path
    below the folder is refused, and the others are copied all the same. The empty objects that S3's console makes
    for folders hold nothing to copy. Raises OSError, with the file's name, where the disk does not take one.
    """
    prefix = f"{output.key.rstrip('/')}/"
    files: list[Path] = []
    refused: list[KeyPathError] = []
    target = FilesBelow(folder)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=output.bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            key = entry["Key"]
            if key.endswith("/") and entry["Size"] == 0:
                continue
            try:
                files.append(_copied(S3Uri(output.bucket, key), key.removeprefix(prefix), folder, target, s3))
            except KeyPathError as error:
                refused.append(KeyPathError(key, error.why))
    return Copies(folder, tuple(files), tuple(refused))


def _copied(source: S3Uri, name: str, folder: Path, target: FilesBelow, s3: S3Client) -> Path:
    whole = folder.joinpath(*segments(name))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number, part_name = tempfile.mkstemp(prefix=".copy-", dir=folder)
        os.close(number)
        part = Path(part_name)
        try:
            s3.download_file(source.bucket, source.key, str(part))
            return target.put(part, name)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(whole)) from error
