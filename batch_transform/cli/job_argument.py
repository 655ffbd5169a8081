"""The JOB argument of a command: the name of a job, or a job file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_transform.cli.problem_report import report_problems
from batch_transform.job.errors import InputError, JobFileError
from batch_transform.job.files.job_file import read_job_files
from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.job.values.job_spec import JobSpec

_Stamp = tuple[int, int, int, int] | None


@dataclass(frozen=True)
class FilesAsRead:
    """The state of files before they are read, to detect a later edit, which would be deployed unchecked."""

    stamps: Mapping[Path, _Stamp]

    @classmethod
    def now(cls, paths: Iterable[Path]) -> FilesAsRead:
        """Record the state of each file, even of one that doesn't exist."""
        return cls({path: _stamp(path) for path in paths})

    def require_unchanged(self, *paths: Path) -> None:
        """Raise InputError if one of these files has been written, created or deleted since."""
        for path in paths:
            if _stamp(path) != self.stamps[path]:
                raise InputError(changed_meanwhile(path))


def changed_meanwhile(path: Path) -> str:
    """Return the message for a file that was edited between two reads."""
    return f"{path} changed while the template was being synthesized, so nothing was run; try again"


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def candidates(job: str, folder: Path) -> list[Path]:
    """Return the files that may define the job: the named file, or all job files in the folder, in order."""
    return [Path(job)] if _is_file(job) else sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def _is_file(job: str) -> bool:
    return Path(job).suffix in {".yaml", ".yml"}


def find_job_file(job: str, folder: Path, *, environments: Sequence[EnvironmentSpec] = ()) -> JobSpec | None:
    """Return the job as `find_job` does, or None if no job file has the name: a CDK app may define it."""
    if not _is_file(job):
        files = read_job_files(candidates(job, folder), environments=environments)
        known = {spec.name for spec in (*files.jobs, *files.without_source)}
        if job not in known and not files.has_errors:
            return None
    return find_job(job, folder, environments=environments)


def find_job(
    job: str, folder: Path, *, needs_source: bool = True, environments: Sequence[EnvironmentSpec] = ()
) -> JobSpec:
    """Return the job with that name in the folder, or the job in that file. Its warnings go to standard error.

    With `needs_source`, the folder of its model must exist; otherwise a missing folder is a warning. Problems in other
    files of the folder are ignored. The job must also be valid in each of `environments`. Raises JobFileError if the
    job may be in a file with errors, and InputError if there is no such job.
    """
    is_file = _is_file(job)
    files = read_job_files(candidates(job, folder), environments=environments)
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
            f"the job {job} was not found, because there is no folder {folder} here; run this in the project's folder, "
            "name the folder with --jobs, or pass the path of the job file"
        )
    names = ", ".join(spec.name for spec in files.jobs) or "none"
    raise InputError(f"no job file in {folder} defines a job named {job}; the jobs there: {names}")
