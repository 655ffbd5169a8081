"""Reads job files: returns a JobSpec for each, or every problem of every file with its line and column."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_transform.job.errors import JobFileError, Problem, SampleHeaderError
from batch_transform.job.files.document import Reading
from batch_transform.job.files.job_fields import read_fields
from batch_transform.job.files.regular_file import kind_of
from batch_transform.job.files.sample_header import read_header
from batch_transform.job.files.yaml_document import read_document
from batch_transform.job.model.framework_containers import (
    DEFAULT_PROGRAM,
    PROGRAM,
    framework_container,
    place_in_model,
    whole_environment,
)
from batch_transform.job.model.source_folder import has_default_script, read_source_folder
from batch_transform.job.problems import problems
from batch_transform.job.rules import UNRESOLVED, batching, container, data_processing
from batch_transform.job.rules.container import is_known_without_folder, server_problems
from batch_transform.job.rules.source import source_problems
from batch_transform.job.values.derived import with_derived
from batch_transform.job.values.environment import EnvironmentSpec, in_environment
from batch_transform.job.values.job_spec import ContainerSpec, JobSpec, ModelSpec
from batch_transform.job.values.stack_outputs import state_machine_output
from batch_transform.job.values.wording import shown

_ASKED_BY = {**data_processing.ASKED_BY, **batching.ASKED_BY, **container.ASKED_BY}


@dataclass(frozen=True)
class JobFiles:
    """Job files as read. `jobs` are those without errors; `problems` holds errors and warnings, in file order.

    `without_source` are those whose only error is a model folder that doesn't exist yet.
    """

    jobs: tuple[JobSpec, ...]
    problems: tuple[Problem, ...]
    without_source: tuple[JobSpec, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether any file has an error."""
        return any(problem.is_error for problem in self.problems)


def job_files_in(place: Path) -> list[Path]:
    """Return the job files of a folder in order; for a job file, return only that file."""
    return [place] if place.is_file() or kind_of(place) else sorted(place.glob("*.yaml"))


def load_job_file(path: Path | str) -> JobSpec:
    """Return the job of one file. Raises JobFileError when it has errors; warnings pass."""
    return load_job_files([path])[0]


def load_job_files(
    paths: Iterable[Path | str], *, environments: Sequence[EnvironmentSpec] = ()
) -> list[JobSpec]:
    """Return the jobs of all files, in the order given. Raises one JobFileError with all problems of all files."""
    files = read_job_files(paths, environments=environments)
    if files.has_errors:
        raise JobFileError(files.problems)
    return list(files.jobs)


def read_job_files(paths: Iterable[Path | str], *, environments: Sequence[EnvironmentSpec] = ()) -> JobFiles:
    """Return jobs and problems of all files. Never raises for a problem in a file, nor for a file that can't be read.

    A job without errors is also checked as it would be deployed in each of `environments`.
    """
    jobs: list[JobSpec] = []
    without_source: list[JobSpec] = []
    found: list[Problem] = []
    taken: dict[str, tuple[str, str]] = {}
    for path in paths:
        job, reading = _read(Path(path))
        if job is not None and not any(problem.is_error for problem in reading.problems):
            _check_in_environments(job, environments, reading)
        if job is not None and job.name != UNRESOLVED:
            output = state_machine_output(job.name)
            if output in taken:
                message = _name_is_taken(job.name, *taken[output])
                reading.wrong("name-duplicate", "name", message, reading.position("name"))
            else:
                taken[output] = (job.name, str(path))
        in_order = sorted(reading.problems, key=lambda problem: (problem.line, problem.column))
        found += [dataclasses.replace(problem, path=str(path)) for problem in in_order]
        errors = {problem.code for problem in reading.problems if problem.is_error}
        if job is not None and not errors:
            jobs.append(job)
        elif job is not None and errors == {"source-missing"}:
            without_source.append(job)
    return JobFiles(tuple(jobs), tuple(found), tuple(without_source))


def _name_is_taken(name: str, other: str, path: str) -> str:
    """Return the message for two names that would share a stack output, by which the command line finds a job."""
    if name == other:
        return f"{shown(name)} is also the name of the job in {path}; give each job its own name"
    return (
        f"{shown(name)} and {shown(other)}, the job in {path}, differ only in hyphens or capitals, and would share "
        "a stack output; rename one"
    )


def _read(path: Path) -> tuple[JobSpec | None, Reading]:
    reading = Reading()
    document = read_document(path, reading, least="name and model")
    if document is None:
        return None, reading
    job = dataclasses.replace(read_fields(document, reading), job_file=str(path))
    job = _with_sample_columns(_with_source_folders(job, path, reading), path, reading)
    for problem in [problem for problem in problems(job) if not reading.has_doubt_about(problem.field)]:
        at = reading.position(problem.field, asked_by=_ASKED_BY.get(problem.code, ""))
        reading.problems.append(dataclasses.replace(problem, line=at.line, column=at.column))
    return job, reading


def _check_in_environments(job: JobSpec, environments: Sequence[EnvironmentSpec], reading: Reading) -> None:
    """Note what goes wrong only in an environment, such as a prefix that makes a name too long."""
    known = {(problem.code, problem.field) for problem in reading.problems}
    for environment in environments:
        for problem in problems(in_environment(job, environment)):
            if (problem.code, problem.field) not in known:
                at = reading.position(problem.field)
                message = f"in the environment {environment.environment}: {problem.message}"
                reading.problems.append(
                    dataclasses.replace(problem, message=message, line=at.line, column=at.column)
                )


def _with_source_folders(job: JobSpec, path: Path, reading: Reading) -> JobSpec:
    """Return the job with its model folders as absolute paths, which the file gives relative to itself."""

    def container(at: int, given: ContainerSpec) -> ContainerSpec:
        field = f"model.containers[{at}].source"
        return dataclasses.replace(given, source=_folder(field, given, job, path, reading))

    model = job.model
    source = _folder("model.source", model, job, path, reading)
    pipeline = tuple(container(at, given) for at, given in enumerate(model.containers))
    return dataclasses.replace(job, model=dataclasses.replace(model, source=source, containers=pipeline))


def _folder(
    field: str, container: ModelSpec | ContainerSpec, job: JobSpec, path: Path, reading: Reading
) -> Path | None:
    source = container.source
    if not isinstance(source, Path):
        return source
    folder = (path.parent / source).resolve()
    at = reading.position(field)
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        fix = "create the folder, or correct the path"
        reading.wrong("source-missing", field, f"'{source}' {what}, relative to {path.parent}; {fix}", at)
        return folder
    try:
        found = list(_of_folder(field, folder, container, job))
    except OSError as error:
        reading.wrong(
            "source-unreadable",
            field,
            f"'{source}' cannot be read: {error.strerror}; correct its permissions",
            at,
        )
        return folder
    for problem in found:
        at = reading.position(problem.field, asked_by=_ASKED_BY.get(problem.code, ""))
        reading.problems.append(dataclasses.replace(problem, line=at.line, column=at.column))
    return folder


def _of_folder(
    field: str, folder: Path, container: ModelSpec | ContainerSpec, job: JobSpec
) -> Iterator[Problem]:
    """Yield the problems that a model's folder would cause in its container."""
    known = framework_container(container.image)
    if known is None or container.image is None:
        return
    env = whole_environment(job, container, has_script=has_default_script(folder))
    if not is_known_without_folder(known, container):
        place = re.search(r"\[(\d+)\]", field)
        yield from server_problems(with_derived(job), known, env, at=int(place[1]) if place else 0)
    code = place_in_model(known, env)
    if code is None and not known.is_algorithm_mode(env):
        return  # the code is in S3, or the container's rules already report it missing
    yield from source_problems(
        field,
        read_source_folder(
            folder,
            name=str(container.source),
            code=code or "code",
            program=env.get(PROGRAM, DEFAULT_PROGRAM),
        ),
        known,
        env,
        isolated=job.model.enable_network_isolation is True,
        in_vpc=job.model.vpc_config is not None,
    )


def _with_sample_columns(job: JobSpec, path: Path, reading: Reading) -> JobSpec:
    """Return the job with the columns that the header of `input.columns_from` names."""
    sample = job.input.columns_from
    if not isinstance(sample, Path):
        return job
    field = "input.columns_from"
    at = reading.position(field)
    columns: tuple[str, ...] = (UNRESOLVED,)
    if job.input.columns:
        reading.wrong("columns-twice", field, "gives the same names as input.columns; keep one of them", at)
        columns = job.input.columns
    else:
        try:
            columns = read_header(path.parent / sample)
        except SampleHeaderError as error:
            where = (
                "" if (path.parent / sample).exists() else f", relative to {path.parent}; correct the path"
            )
            reading.wrong("columns-from-unreadable", field, f"'{sample}' {error}{where}", at)
        else:
            # Problems with the names are shown at the field that names the sample.
            reading.keys["input.columns"] = reading.values["input.columns"] = at
    given = dataclasses.replace(job.input, columns=columns, columns_from=(path.parent / sample).resolve())
    return dataclasses.replace(job, input=given)
