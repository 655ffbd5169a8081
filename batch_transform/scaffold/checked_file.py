"""The text of a job file, judged at the place where it will lie."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from batch_transform.job.errors import InputError, Problem
from batch_transform.job.files.job_file import read_job_files


def problems_at(path: Path, text: str) -> list[Problem]:
    """Return what the rules say of a text at `path`, which its relative paths begin at, and beside the jobs there.

    The folder is made if it is not there. Problems have no line, since the text is not there yet to be looked
    at. Raises InputError where nothing can be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=".", suffix=".new", encoding="utf-8"
        ) as file:
            file.write(text)
            file.flush()
            others = [other for other in sorted(path.parent.glob("*.yaml")) if other != path]
            files = read_job_files([*others, file.name])
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    return [
        dataclasses.replace(problem, path=str(path))
        for problem in files.problems
        if problem.path == file.name
    ]
