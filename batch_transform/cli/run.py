"""`batch-transform run`: runs a job on this machine, from job file to results."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from batch_transform.cli.app_job import AppJob, app_job
from batch_transform.cli.compare_options import Options, compare_options
from batch_transform.cli.job_argument import FilesAsRead, candidates, changed_meanwhile, find_job_file
from batch_transform.cli.options import (
    images_option,
    jobs_option,
    models_option,
    offline_option,
    overridden,
    overrides_option,
    parse_overrides,
    ping_timeout_option,
)
from batch_transform.cli.run_comparison import comparison_with
from batch_transform.cli.run_results import show_result, show_rows
from batch_transform.cli.run_view import RunView, follow_run
from batch_transform.job.errors import BatchTransformError, InputError, LocalAwsError, RunFailedError
from batch_transform.job.files.environment_file import ENVIRONMENT_FILE, load_environments
from batch_transform.job.files.input_files import InputFiles, files_of, require_fit
from batch_transform.job.files.job_file import read_job_files
from batch_transform.job.files.stand_in import StandIn, found_in_sagemaker, stand_in_of
from batch_transform.job.record.names import REPORT_FILE
from batch_transform.job.request.overrides import Columns
from batch_transform.job.values.environment import DEFAULT_ENVIRONMENT, EnvironmentSpec, in_environment
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import listed
from batch_transform.local.deploy import deploy
from batch_transform.local.folders import temporary_folder
from batch_transform.local.prerequisites import create_missing_buckets, define_stand_in
from batch_transform.local.server import listen
from batch_transform.local.up import LocalAws
from batch_transform.runs import execution as runs
from batch_transform.runs.deployed_request import DeployedRequest, deployed_request
from batch_transform.runs.deployment import deployed_jobs, named_job
from batch_transform.runs.files_below import can_be_written
from batch_transform.runs.losses import losses
from batch_transform.runs.report_page import save_report
from batch_transform.runs.result_table import result_table
from batch_transform.runs.results import copy_results
from batch_transform.runs.template_check import check_templates
from batch_transform.runs.transfers import upload
from batch_transform.runs.truth import Truth

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_s3.client import S3Client

_MOST_NAMES = 5
_PIPE_WIDTH = 160  # a file or a log has no width that a table must fit


@click.command()
@click.argument("job")
@click.option("--input", "input_path", type=click.Path(path_type=Path), help="The file or folder to score.")
@overrides_option
@click.option(
    "--truth",
    "truth_path",
    type=click.Path(path_type=Path),
    help="A CSV with known answers, to compare with the predictions. Its header names two output columns: the id and "
    "the prediction. Prints the accuracy, or the mean absolute error if the predictions are fractional numbers.",
)
@click.option(
    "--rows",
    default=10,
    show_default=True,
    type=click.IntRange(min=0),
    help="Number of result rows to show.",
)
@jobs_option
@click.option(
    "--environment",
    "environment_name",
    default=DEFAULT_ENVIRONMENT,
    show_default=True,
    help="The environment in environments.yaml to deploy the job for.",
)
@click.option(
    "--out",
    default=Path("out"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to copy the results to.",
)
@click.option(
    "--port",
    default=0,
    type=click.IntRange(0, 65535),
    help="Port of the local AWS. Default: any free port.",
)
@click.option(
    "--enforce-iam",
    is_flag=True,
    help="Check IAM permissions, as AWS does. Fails if the job names a role, key or topic that exists only in your "
    "account.",
)
@click.option(
    "--stack", metavar="NAME", help="The stack to deploy, if several stacks of the app have the job."
)
@click.option(
    "--compare-with",
    metavar="RUN|FOLDER",
    help="Compare the results with those of a run of the deployed job, or of an earlier run in a folder, as compare "
    "does; with the next four options.",
)
@compare_options
@images_option
@models_option
@offline_option
@ping_timeout_option
def run(
    *,
    job: str,
    input_path: Path | None,
    overrides: tuple[str, ...],
    truth_path: Path | None,
    rows: int,
    jobs: Path,
    environment_name: str,
    stack: str | None,
    out: Path,
    port: int,
    enforce_iam: bool,
    offline: bool,
    ping_timeout: float,
    images: Path | None,
    models: Path | None,
    compare_with: str | None,
    key: str | None,
    predictions: tuple[str, ...],
    tolerance: float,
    max_changed: float | None,
) -> None:
    """Run JOB on this machine: start a local AWS, deploy the job to it, score the input, and copy the results.

    JOB is a job file, or the name of a job that is defined in a job file or by a BatchTransform in the CDK app of this
    folder. The app is synthesized with the "app" command in cdk.json, and the job's stack is deployed with the stacks
    that it depends on. Nothing reaches AWS, and the local AWS stops when the run ends.
    """
    began = time.monotonic()
    as_read = FilesAsRead.now([ENVIRONMENT_FILE, *candidates(job, jobs)])
    environment = load_environments().named(environment_name)
    declared = find_job_file(job, jobs, environments=[environment])
    run_input = parse_overrides(overrides)
    truth = Truth.read(truth_path) if truth_path else None
    found = files_of(input_path) if input_path else None
    if declared is not None:
        _require_sound(in_environment(declared, environment), run_input, found, models)
    if found is None and (declared is None or declared.input.data is None) and "input.data" not in run_input:
        raise InputError(
            "there is nothing to score, because the local AWS starts empty; name a file or a folder with --input"
        )
    _require_usable(out, port)

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    # each run has its own assembly: another run in this folder may make one at the same time
    options = Options(key, predictions, tolerance, max_changed)
    compare = click.get_current_context().with_resource(
        comparison_with(compare_with, options, environment_name)
    )
    with temporary_folder() as folder, RunView(console) as view:
        defined = _synthesise(view, job, declared, environment=environment, stack=stack, folder=folder)
        if declared is not None:
            _require_unchanged(as_read, declared, environment)
        spec, stand_in = defined.spec, stand_in_of(defined.spec, models)
        with (
            _template_check([one.template for one in defined.stacks]) as checked,
            _local_aws(
                view,
                LocalAws(
                    port=port,
                    images=images,
                    schedules=False,  # this run is the only one
                    region=defined.region,
                    enforce_iam=enforce_iam,
                    offline=offline,
                    ping_timeout=ping_timeout,
                ),
            ) as aws,
        ):
            checked.result()
            _deploy(view, defined, aws.client)
            _define_stand_in(view, stand_in, spec, aws.client)
            clients = runs.Clients(
                stepfunctions=aws.client("stepfunctions"),
                sagemaker=aws.client("sagemaker"),
                logs=aws.client("logs"),
            )
            machine = _machine_of(defined, environment, aws.client("cloudformation"))
            request = deployed_request(machine, clients.stepfunctions)
            for bucket in create_missing_buckets(request.buckets, aws.client("s3")):
                view.line("bucket", f"no stack of the app has {bucket}; created it, empty")
            if input_path and found:
                if declared is None:
                    require_fit(found.files, request.checked(run_input).request)
                _upload(view, input_path, request.input_place, aws.client)
                _show_left_out(view, found.left_out)
            execution = runs.start(machine, run_input, clients)
            view.line("run", execution.run)
            with _page_of_failed(view, execution, request, out / spec.name, aws.client("s3")):
                output, job_progress = follow_run(view, execution, clients)
            place = output.place
            if place is None:  # a run is skipped only if another one is in progress, and there is none here
                raise RunFailedError(f"the run was {output}")
            view.doing("copying the results")
            target = out / spec.name / place.key.rstrip("/").rpartition("/")[2]
            copies = copy_results(place, target, aws.client("s3"), ask_again=_ask_again(view))
    files = copies.results
    if files and job_progress is not None:
        show_rows(view, result_table(spec, job_progress, files, rows, truth, folder=copies.folder), truth)
    for loss in losses(job_progress) if job_progress is not None else ():
        view.warning(loss)
    show_result(view, output, copies, seconds=time.monotonic() - began)
    compare(copies.folder, Columns(spec.input.columns, spec.output.columns))


@contextmanager
def _page_of_failed(
    view: RunView, execution: runs.Execution, request: DeployedRequest, folder: Path, s3: S3Client
) -> Iterator[None]:
    """Save the page of a run that fails, which says why: the local AWS stops next."""
    try:
        yield
    except RunFailedError:
        declared = request.request["TransformOutput"]["S3OutputPath"].rstrip("/")
        page = folder / execution.run / REPORT_FILE
        try:
            save_report(S3Uri.parse(f"{declared}/{execution.run}"), page, s3, makes_folder=True)
        except BatchTransformError as error:  # the run's own failure is reported next
            view.warning(f"the run's page could not be saved: {error}")
        else:
            view.line("report", str(page))
        raise


@contextmanager
def _step(view: RunView, label: str, doing: str, done: str) -> Iterator[None]:
    began = time.monotonic()
    view.doing(doing)
    yield
    view.line(label, done, time.monotonic() - began)


def _require_sound(
    spec: JobSpec, run_input: Mapping[str, Any], found: InputFiles | None, models: Path | None
) -> None:
    """Raise an error now for anything that the state machine would reject later."""
    request = overridden(spec, run_input)
    if found:
        require_fit(found.files, request)
    stand_in_of(spec, models)


def _synthesise(
    view: RunView,
    job: str,
    declared: JobSpec | None,
    *,
    environment: EnvironmentSpec,
    stack: str | None,
    folder: Path,
) -> AppJob:
    began = time.monotonic()
    view.doing("making the template")
    defined = app_job(job, declared, environment=environment, stack=stack, folder=folder)
    view.line("synth", f"{defined.source} -> stack {defined.stacks[-1].name}", time.monotonic() - began)
    return defined


def _deploy(view: RunView, defined: AppJob, client: Callable[[str], Any]) -> None:
    for stack in defined.stacks:
        with _step(
            view, "deploy", f"deploying stack {stack.name}", f"stack {stack.name}, through CloudFormation"
        ):
            deploy(stack.folder, stack.name, client, lambda event: view.doing(f"deploying: {event}"))


def _machine_of(defined: AppJob, environment: EnvironmentSpec, cloudformation: CloudFormationClient) -> str:
    """Return the ARN of the job's state machine, which may be in a nested stack of the deployed one."""
    here = replace(environment, account=None, region=None)
    deployed = deployed_jobs(here, cloudformation)
    return named_job(defined.listed_as, deployed, here).state_machine_arn


@contextmanager
def _template_check(templates: Sequence[Path]) -> Iterator[Future[None]]:
    """Check the templates while the local AWS starts."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool.submit(check_templates, templates)


@contextmanager
def _local_aws(view: RunView, local_aws: LocalAws) -> Iterator[LocalAws]:
    began = time.monotonic()
    view.doing("starting the local AWS")
    try:
        with local_aws as aws:
            view.line("local AWS", aws.endpoint_url, time.monotonic() - began)
            yield aws
            view.doing("stopping the local AWS")
    except (BotoCoreError, ClientError, Boto3Error) as error:  # for example, the disk is full
        raise LocalAwsError(f"a request to the local AWS failed: {error}") from error


def _require_unchanged(as_read: FilesAsRead, job: JobSpec, environment: EnvironmentSpec) -> None:
    """Reject the template if the job file was edited after it was checked."""
    as_read.require_unchanged(ENVIRONMENT_FILE, Path(job.job_file))
    if read_job_files([job.job_file], environments=[environment]).jobs != (job,):
        raise InputError(changed_meanwhile(job.input.columns_from or Path(job.job_file)))


def _require_usable(out: Path, port: int) -> None:
    """Raise an error now, instead of later in a long run, if the port is in use or the results cannot be written."""
    if port:
        listen(port).close()
    if not can_be_written(out):
        raise InputError(
            f"--out {out}: the folder is not writable; choose another folder for the results with --out"
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


def _define_stand_in(
    view: RunView, stand_in: StandIn | None, spec: JobSpec, client: Callable[[str], Any]
) -> None:
    """Create the model that the job expects in SageMaker, unless the stack defines it."""
    if stand_in is None:
        return
    name = found_in_sagemaker(spec.model)
    with _step(view, "model", f"creating {name}", f"{os.path.relpath(stand_in.source)} stands in for {name}"):
        define_stand_in(stand_in, spec.model, spec.transform.instance_type[0], client)


def _upload(view: RunView, path: Path, destination: S3Uri, client: Callable[[str], Any]) -> None:
    view.doing(f"uploading {path}")
    began = time.monotonic()
    uploaded = list(upload(path, destination, client("s3")))
    view.expect(sum(file.stat().st_size for file, _ in uploaded))
    targets = [target for _, target in uploaded]
    where = str(targets[0]) if len(targets) == 1 else f"{len(targets)} files below {destination}"
    view.line("upload", f"{path} -> {where}", time.monotonic() - began)


def _show_left_out(view: RunView, names: Sequence[str]) -> None:
    """List the files of the folder that are not scored."""
    if names:
        what = "name that begins" if len(names) == 1 else "names that begin"
        take = f"aws s3 sync would upload {'it' if len(names) == 1 else 'them'} too"
        view.line("left out", f"{len(names):,} {what} with a dot: {listed(names, _MOST_NAMES)}; {take}")
