"""The JOB of a command: the name of a job, or its file."""

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
    """The state of files before they were read, to detect an edit in between, which would be deployed unchecked."""

    stamps: Mapping[Path, _Stamp]

    @classmethod
    def now(cls, paths: Iterable[Path]) -> FilesAsRead:
        """Record the state of each file, including that it does not exist."""
        return cls({path: _stamp(path) for path in paths})

    def require_unchanged(self, *paths: Path) -> None:
        """Raise InputError if one of these has been written, created or removed since."""
        for path in paths:
            if _stamp(path) != self.stamps[path]:
                raise InputError(changed_meanwhile(path))


def changed_meanwhile(path: Path) -> str:
    """Return the message for a file that was edited between two reads."""
    return f"{path} was changed while the template was made from it, so nothing was run; run it again"


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def candidates(job: str, folder: Path) -> list[Path]:
    """Return the files that may hold the job: the named file, or those of the folder in order."""
    return [Path(job)] if _is_file(job) else sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def _is_file(job: str) -> bool:
    return Path(job).suffix in {".yaml", ".yml"}


def find_job_file(job: str, folder: Path, *, environments: Sequence[EnvironmentSpec] = ()) -> JobSpec | None:
    """Return the job as `find_job` does; None for a name that no job file has, and that a CDK app may define."""
    if not _is_file(job):
        files = read_job_files(candidates(job, folder), environments=environments)
        known = {spec.name for spec in (*files.jobs, *files.without_source)}
        if job not in known and not files.has_errors:
            return None
    return find_job(job, folder, environments=environments)


def find_job(
    job: str, folder: Path, *, needs_source: bool = True, environments: Sequence[EnvironmentSpec] = ()
) -> JobSpec:
    """Return the job of that name in the folder, or of that file; its warnings go to standard error.

    `needs_source` says that the folder of its model must be there; otherwise that it is not is a warning. What is
    wrong with other files of the folder does not matter. The job must also be sound in `environments`.
    Raises JobFileError where the job itself may be in a broken file, and InputError where there is none.
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
            f"there is no folder {folder} here to find the job {job} in; run this in the project's folder, name the "
            "folder with --jobs, or name the job's file"
        )
    names = ", ".join(spec.name for spec in files.jobs) or "none"
    raise InputError(f"no job file in {folder} has the name {job}; the jobs there: {names}")
