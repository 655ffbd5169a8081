"""`batch-transform check`: finds problems in job files before anything is deployed."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from batch_transform.cli.extras import require_extra
from batch_transform.cli.problem_report import report_problems
from batch_transform.job.errors import DataNotFoundError, InputError, JobFileError, SynthError
from batch_transform.job.files.environment_file import load_environments
from batch_transform.job.files.job_file import JobFiles, read_job_files
from batch_transform.job.values.wording import counted, listed
from batch_transform.runs.assembly_jobs import stacks_in
from batch_transform.runs.synth import synthesise

_DEFAULT_FOLDER = Path("jobs")


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
def check(*, paths: tuple[Path, ...], as_json: bool) -> None:
    """Check job files, and say how to fix each problem.

    PATHS are job files, or folders with *.yaml files. Default: jobs/. Nothing is built, and no service is
    called. Each job is checked as written, and again with the settings of each environment in
    environments.yaml, which is checked too.

    In the folder of a CDK app without jobs/, the app is synthesized, and its constructs check the jobs that it
    defines in Python.

    Exits with 2 if there are errors, and with 0 otherwise, even if there are warnings.
    """
    if not paths and not _DEFAULT_FOLDER.is_dir() and Path("cdk.json").exists():
        _check_app(as_json=as_json)
        return
    job_files = list({file.resolve(): file for file in _job_files(paths or (_DEFAULT_FOLDER,))}.values())
    environments = tuple(load_environments().by_name.values())
    files = read_job_files(job_files, environments=environments)
    if as_json:
        click.echo(_as_json(files, job_files))
        if files.has_errors:
            click.get_current_context().exit(InputError.exit_code)
        return
    if files.has_errors:
        raise JobFileError(files.problems)
    if files.problems:
        report_problems(files.problems)
    click.echo(f"{counted(len(job_files), 'job file')} checked, no errors")


def _check_app(*, as_json: bool) -> None:
    """Check the jobs that the app in this folder defines. Raises InputError if a construct rejects a job."""
    require_extra("cdk", "checking a CDK app")
    with tempfile.TemporaryDirectory() as folder:
        assembly = Path(folder) / "cdk.out"
        try:
            synthesise(Path(), jobs=None, assembly=assembly, security_checks=False, any_account=True)
        except SynthError as error:
            raise InputError(str(error)) from error
        jobs = [job for stack in stacks_in(assembly) for job in stack.jobs]
    if not jobs:
        raise DataNotFoundError(
            "there is no jobs folder here, and the app in this folder defines no job with BatchTransform"
        )
    if as_json:
        click.echo(json.dumps({"jobs": jobs, "errors": 0, "warnings": 0, "problems": []}, indent=2))
    else:
        click.echo(f"{counted(len(jobs), 'job')} of the CDK app checked, no errors: {listed(jobs)}")


def _job_files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            if path == _DEFAULT_FOLDER:
                raise DataNotFoundError(
                    "there is neither a jobs folder nor a cdk.json here; run this in the project's folder, or name "
                    "the job files to check"
                )
            yield path
            continue
        found = sorted(file for file in path.iterdir() if file.suffix in {".yaml", ".yml"})
        if not found:
            raise DataNotFoundError(f"{path} has no *.yaml files; name a folder or a file with jobs")
        yield from found


def _as_json(files: JobFiles, job_files: Sequence[Path]) -> str:
    errors = sum(problem.is_error for problem in files.problems)
    report = {
        "files": len(job_files),
        "errors": errors,
        "warnings": len(files.problems) - errors,
        "problems": [dataclasses.asdict(problem) for problem in files.problems],
    }
    return json.dumps(report, indent=2, ensure_ascii=False)
