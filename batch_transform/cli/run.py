"""`batch-transform run`: the whole line on this machine, from the job file to the rows."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from batch_transform.cli.following import follow_run
from batch_transform.cli.images_option import images_option
from batch_transform.cli.job_argument import FilesAsRead, candidates, changed_meanwhile, find_job
from batch_transform.cli.models_option import models_option
from batch_transform.cli.offline_option import offline_option
from batch_transform.cli.overrides_option import overridden, overrides_option, parse_overrides
from batch_transform.cli.run_view import RunView
from batch_transform.local.deploy import deploy
from batch_transform.local.folders import temporary_folder
from batch_transform.local.stand_ins import define_stand_in
from batch_transform.local.up import LocalAws
from batch_transform.runs import execution as runs
from batch_transform.runs.files_below import can_be_written
from batch_transform.runs.input_check import require_fit
from batch_transform.runs.input_data import files_of, upload
from batch_transform.runs.losses import losses
from batch_transform.runs.result_table import ResultTable, result_table
from batch_transform.runs.results import copy_results
from batch_transform.runs.synth import synthesise
from batch_transform.runs.template_check import check_templates
from batch_transform.runs.truth import Truth
from batch_transform.spec.counted import listed
from batch_transform.spec.environment import DEFAULT_ENVIRONMENT, EnvironmentSpec, in_environment
from batch_transform.spec.environment_file import ENVIRONMENT_FILE, load_environments
from batch_transform.spec.errors import InputError, LocalAwsError, RunFailedError
from batch_transform.spec.job_file import read_job_files
from batch_transform.spec.job_spec import JobSpec
from batch_transform.spec.s3_uri import S3Uri
from batch_transform.spec.stack_outputs import FIRST_STACK, INPUT_BUCKET, state_machine_output
from batch_transform.spec.stand_in import StandIn, found_in_sagemaker, stand_in_of

_MOST_NAMES = 5
_PIPE_WIDTH = 160  # a file or a log has no edge that a table must fit


@click.command()
@click.argument("job")
@click.option("--input", "input_path", type=click.Path(path_type=Path), help="A file or a folder to score.")
@overrides_option
@click.option(
    "--truth",
    "truth_path",
    type=click.Path(path_type=Path),
    help="A CSV whose header names two output columns: the id, and the prediction that it tells the truth of. Tells "
    "how many predictions are right; of numbers with fractions, how far they are off on average.",
)
@click.option(
    "--rows",
    default=10,
    show_default=True,
    type=click.IntRange(min=0),
    help="How many rows to show at the end.",
)
@click.option(
    "--jobs", default=Path("jobs"), show_default=True, type=click.Path(path_type=Path), help="The job files."
)
@click.option(
    "--environment",
    "environment_name",
    default=DEFAULT_ENVIRONMENT,
    show_default=True,
    help="The environment whose stack is deployed, of environments.yaml.",
)
@click.option(
    "--out",
    default=Path("out"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Copies of the results go here.",
)
@click.option(
    "--port",
    default=0,
    type=click.IntRange(0, 65535),
    help="Port of the local AWS. Any free one, unless told.",
)
@click.option(
    "--enforce-iam",
    is_flag=True,
    help="Each role may do what its policies allow, and no more, as on AWS. A role, key or topic that the job names "
    "is not there.",
)
@images_option
@models_option
@offline_option
def run(
    *,
    job: str,
    input_path: Path | None,
    overrides: tuple[str, ...],
    truth_path: Path | None,
    rows: int,
    jobs: Path,
    environment_name: str,
    out: Path,
    port: int,
    enforce_iam: bool,
    offline: bool,
    images: Path | None,
    models: Path | None,
) -> None:
    """Run JOB on this machine: start the local AWS, deploy the job there, score, fetch the results.

    JOB is the job's name, as in its job file, or that file. Nothing reaches AWS, and the local AWS ends with
    the run. Other jobs are not deployed.
    """
    began = time.monotonic()
    as_read = FilesAsRead.now([ENVIRONMENT_FILE, *candidates(job, jobs)])
    environment = load_environments().named(environment_name)
    declared = find_job(job, jobs, environments=[environment])
    spec = in_environment(declared, environment)
    stack = f"{environment.prefix}{FIRST_STACK}"
    run_input = parse_overrides(overrides)
    request = overridden(spec, run_input)  # refused now, and not by the state machine later
    truth = Truth.read(truth_path) if truth_path else None
    found = files_of(input_path) if input_path else None
    if found:
        require_fit(found.files, request)
    if found is None and spec.input.data is None and "input.data" not in run_input:
        raise InputError(
            "there is nothing to score: the local AWS starts empty; name a file or a folder with --input"
        )

    stand_in = stand_in_of(spec, models)
    _require_writable(out)

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    # each run has its own assembly: another one in this folder may make one at the same time
    with temporary_folder() as folder, RunView(console) as view:
        with _step(view, "synth", "making the template", f"{spec.job_file} -> stack {stack}"):
            assembly = folder / "cdk.out"
            synthesise(
                Path(),
                jobs=Path(spec.job_file),
                assembly=assembly,
                environment=environment_name,
                security_checks=False,  # nothing is shipped from here; `cdk deploy` runs them
                any_account=True,
                temporary=folder,
            )
            _require_unchanged(as_read, declared, environment)
        with (
            _template_check(assembly) as checked,
            _local_aws(view, port, images, enforce_iam=enforce_iam, offline=offline) as aws,
        ):
            checked.result()
            with _step(view, "deploy", "deploying the stack", f"stack {stack}, through CloudFormation"):
                outputs = deploy(assembly, stack, aws.client, lambda event: view.doing(f"deploying: {event}"))
            _define_stand_in(view, stand_in, spec, aws.client)
            if input_path and found:
                _upload(view, input_path, _input_place(spec, outputs), aws.client)
                _show_left_out(view, found.left_out)
            clients = runs.Clients(
                stepfunctions=aws.client("stepfunctions"),
                sagemaker=aws.client("sagemaker"),
                logs=aws.client("logs"),
            )
            execution = runs.start(outputs[state_machine_output(declared.name)], run_input, clients)
            view.line("run", execution.run)
            output, job_progress = follow_run(view, execution, clients)
            place = output.place
            if place is None:  # of no run but one beside another, and the local AWS was started for this one
                raise RunFailedError(f"the run was {output}")
            view.doing("copying the results")
            target = out / spec.name / place.key.rstrip("/").rpartition("/")[2]
            copies = copy_results(place, target, aws.client("s3"), ask_again=_ask_again(view))
    files = copies.files
    if files and job_progress is not None:
        _show_rows(view, result_table(spec, job_progress, files, rows, truth, folder=copies.folder), truth)
    for loss in losses(job_progress) if job_progress is not None else ():
        view.warning(loss)
    view.line("result", str(output))
    view.line("output", str(place))
    view.line("copies", listed(files, _MOST_NAMES))
    copies.require_whole()
    view.line("done", f"in {time.monotonic() - began:.1f} s")


@contextmanager
def _step(view: RunView, label: str, doing: str, done: str) -> Iterator[None]:
    began = time.monotonic()
    view.doing(doing)
    yield
    view.line(label, done, time.monotonic() - began)


@contextmanager
def _template_check(assembly: Path) -> Iterator[Future[None]]:
    """Check the template while the local AWS starts, which is time to wait anyway."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool.submit(check_templates, assembly)


@contextmanager
def _local_aws(
    view: RunView, port: int, images: Path | None, *, enforce_iam: bool, offline: bool
) -> Iterator[LocalAws]:
    began = time.monotonic()
    view.doing("starting the local AWS")
    # this run is the only one: no schedules
    local_aws = LocalAws(port=port, images=images, schedules=False, enforce_iam=enforce_iam, offline=offline)
    try:
        with local_aws as aws:
            view.line("local AWS", aws.endpoint_url, time.monotonic() - began)
            yield aws
            view.doing("stopping the local AWS")
    except (BotoCoreError, ClientError, Boto3Error) as error:  # such as a full disk of its own
        raise LocalAwsError(f"a request to the local AWS failed: {error}") from error


def _require_unchanged(as_read: FilesAsRead, job: JobSpec, environment: EnvironmentSpec) -> None:
    """Refuse a template that may define another job than the one that was checked."""
    as_read.require_unchanged(ENVIRONMENT_FILE, Path(job.job_file))
    if read_job_files([job.job_file], environments=[environment]).jobs != (job,):
        raise InputError(changed_meanwhile(job.input.columns_from or Path(job.job_file)))


def _require_writable(out: Path) -> None:
    """Fail now instead of at the end of a long run."""
    if not can_be_written(out):
        raise InputError(
            f"--out {out}: the folder is not writable; name another folder for the results with --out"
        )


def _ask_again(view: RunView) -> Callable[[str], bool]:
    """Ask a user at a terminal to free space for the results; a script is never asked."""

    def ask(problem: str) -> bool:
        if not sys.stdin.isatty():
            return False
        view.pause()
        click.echo(f"{problem}; the local AWS keeps the results until then", err=True)
        click.prompt(
            "Press Enter to try again, Ctrl-C to discard them", default="", show_default=False, err=True
        )
        return True

    return ask


def _input_place(spec: JobSpec, outputs: Mapping[str, str]) -> S3Uri:
    return S3Uri.parse(spec.input.data) if spec.input.data else S3Uri(outputs[INPUT_BUCKET], f"{spec.name}/")


def _define_stand_in(
    view: RunView, stand_in: StandIn | None, spec: JobSpec, client: Callable[[str], Any]
) -> None:
    """Create the model that the job expects to find in SageMaker; a job whose stack defines its model needs none."""
    if stand_in is None:
        return
    name = found_in_sagemaker(spec.model)
    with _step(view, "model", f"creating {name}", f"{os.path.relpath(stand_in.source)} stands in for {name}"):
        define_stand_in(stand_in, spec.model, spec.transform.instance_type[0], client)


def _upload(view: RunView, path: Path, destination: S3Uri, client: Callable[[str], Any]) -> None:
    view.doing(f"uploading {path}")
    began = time.monotonic()
    targets = [target for _, target in upload(path, destination, client("s3"))]
    where = str(targets[0]) if len(targets) == 1 else f"{len(targets)} files below {destination}"
    view.line("upload", f"{path} -> {where}", time.monotonic() - began)


def _show_left_out(view: RunView, names: Sequence[str]) -> None:
    """List the files of the folder that are not scored."""
    if names:
        what = "name that begins" if len(names) == 1 else "names that begin"
        take = f"aws s3 sync would upload {'it' if len(names) == 1 else 'them'} too"
        view.line("left out", f"{len(names):,} {what} with a dot: {listed(names, _MOST_NAMES)}; {take}")


def _show_rows(view: RunView, table: ResultTable, truth: Truth | None) -> None:
    """Print the first rows under their names, and how good they are where the truth is known."""
    if table.rows:
        view.table(table.title, table.columns, table.rows)
    if table.score is not None and truth is not None:
        score = table.score
        known = f"{score.known:,} rows with a known {truth.column}"
        if score.mean_absolute_error is not None:
            view.line("error", f"{score.mean_absolute_error:.4g} on average, over {known}")
        else:
            view.line("accuracy", f"{score.accuracy:.1%}: {score.right:,} of {known}")
    elif truth is not None:
        view.line(
            "truth",
            f"not told: --truth tells of the columns {truth.id_column} and {truth.column}, and the output has "
            f"{', '.join(table.columns)}; its header must name two of these",
        )
