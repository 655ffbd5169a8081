"""The JOB of a command: the name of a job, or its file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from batch_transform.cli.problem_report import report_problems
from batch_transform.spec.environment import EnvironmentSpec
from batch_transform.spec.errors import InputError, JobFileError
from batch_transform.spec.job_file import read_job_files
from batch_transform.spec.job_spec import JobSpec


def find_job(
    job: str, folder: Path, *, needs_source: bool = True, environments: Sequence[EnvironmentSpec] = ()
) -> JobSpec:
    """Return the job of that name in the folder, or of that file; its warnings go to standard error.

    `needs_source` says that the folder of its model must be there; otherwise that it is not is a warning. What is
    wrong with other files of the folder does not matter. The job must also be sound in `environments`.
    Raises JobFileError where the job itself may be in a broken file, and InputError where there is none.
    """
    path = Path(job)
    is_file = path.suffix in {".yaml", ".yml"}
    paths = [path] if is_file else sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    files = read_job_files(paths, environments=environments)
    for spec in (*files.jobs, *(() if needs_source else files.without_source)):
        if is_file or spec.name == job:
            own = [
                dataclasses.replace(problem, severity="warning")
                for problem in files.problems
                if problem.path == spec.job_file
            ]
            if own:
                report_problems(own)
            return spec
    if files.has_errors:
        raise JobFileError(files.problems)
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {folder} here to find the job {job} in; run this in the project's folder, name the "
            "folder with --jobs, or name the job's file"
        )
    names = ", ".join(spec.name for spec in files.jobs) or "none"
    raise InputError(f"no job file in {folder} has the name {job}; the jobs there: {names}")
