"""`batch-transform start`: starts a run of a deployed job."""

from __future__ import annotations

import json
import re
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Console

from batch_transform.cli.cost_estimate import estimate, price_option
from batch_transform.cli.deployed import Deployed, environment_option, stack_option
from batch_transform.cli.options import overrides_option, parse_overrides, read_overrides
from batch_transform.cli.run_view import RunView, follow_run
from batch_transform.job.aws.console_links import execution_link
from batch_transform.job.errors import AwsCallError, FollowError, InputError, RunFailedError
from batch_transform.job.values.wording import length_text
from batch_transform.runs import execution as runs
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.deployed_request import deployed_request
from batch_transform.runs.deployment import DeployedJob, named_job
from batch_transform.runs.estimate import Estimate
from batch_transform.runs.losses import losses
from batch_transform.runs.past_runs import FoundRun, find_run, input_of
from batch_transform.runs.run_output import RunOutput, objects_text

_PIPE_WIDTH = 160  # a file or a log has no width that a table must fit


@click.command()
@click.argument("job", required=False)
@click.option(
    "--like",
    metavar="RUN",
    help="Start with the overrides of RUN, named as in show. JOB is its job, unless you name another one.",
)
@overrides_option
@click.option(
    "--overrides",
    "overrides_file",
    metavar="FILE|-",
    help="A JSON or YAML file with overrides for this run, in the form of an execution's input.",
)
@click.option("--wait", is_flag=True, help="Wait until the run ends, and exit with its result.")
@price_option
@environment_option
@stack_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print the run as JSON; with --wait, once it has ended."
)
def start(
    *,
    job: str | None,
    like: str | None,
    overrides: tuple[str, ...],
    overrides_file: str | None,
    wait: bool,
    price: float | None,
    environment_name: str,
    stack: str | None,
    as_json: bool,
) -> None:
    """Start a run of JOB, a deployed job, on AWS or on the local AWS at AWS_ENDPOINT_URL.

    Credentials and region are found as boto3 finds them. Overrides are checked first, by the rules of the deployed
    job; if there is a problem, nothing is started. If several options set the same field, --set wins, then
    --overrides, then --like.

    Says what the run will cost: the price is from AWS's Price List, the speed from the job's last good runs. What isn't
    known is said, and doesn't stop the start.

    Exits with 0 once the run has started. With --wait, exits with 0 if the run succeeded, 1 if it failed, and 130 if
    you interrupt it; the run itself continues.
    """
    given = {**(read_overrides(overrides_file) if overrides_file else {}), **parse_overrides(overrides)}
    deployed = Deployed.in_environment(environment_name, stack)
    found, like_run, same = _job_and_overrides(job, like, deployed)
    run_input = {**same, **given}
    declared = deployed_request(found.state_machine_arn, deployed.clients.stepfunctions)
    checked = declared.checked(run_input)
    expected = estimate(found, declared, checked, deployed, price)
    name = execution_name(datetime.now(UTC), deployed.caller())
    execution = runs.start(found.state_machine_arn, run_input, deployed.clients, name=name)
    begun = {
        "run": execution.run,
        "job": found.name,
        "stack": found.stack,
        "execution_arn": execution.arn,
        "like": like_run.run if like_run else None,
        "overrides": run_input,
        "estimate": expected.as_json(),
    }
    like_line = (
        [("like", f"{like_run.run}: {json.dumps(same, ensure_ascii=False) if same else 'no overrides'}")]
        if like_run is not None
        else []
    )
    show_started(
        execution,
        found,
        deployed,
        begun=begun,
        lines=like_line,
        expected=expected,
        is_waiting=wait,
        as_json=as_json,
        outcome=output_lines,
    )


def show_started(
    execution: runs.Execution,
    job: DeployedJob,
    deployed: Deployed,
    *,
    begun: Mapping[str, Any],
    lines: Sequence[tuple[str, str]],
    expected: Estimate,
    is_waiting: bool,
    as_json: bool,
    outcome: Callable[[RunOutput, timedelta], Sequence[tuple[str, str]]],
) -> None:
    """Show a run that was started and, if the command waits for it, its progress and what `outcome` says of its output.

    `begun` is the run as JSON, without its status. Raises RunFailedError.
    """
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH, quiet=as_json)
    try:
        with RunView(console) as view:
            for label, text in (*lines, *expected.lines(), *_where(execution, job, deployed)):
                view.line(label, text)
            if is_waiting:
                seconds = expected.billed_seconds
                view.expect(expected.input_bytes, seconds and seconds / expected.instance_count)
                _wait(view, execution, deployed, outcome)
    except RunFailedError:
        if as_json:
            _print_json(begun, deployed)
        raise
    except KeyboardInterrupt:
        click.echo(
            f"the run {execution.run} continues; to follow it: {deployed.command(f'show {execution.run}')}; "
            f"to stop it: {deployed.command(f'stop {execution.run}')}",
            err=True,
        )
        raise
    if as_json:
        _print_json(begun, deployed)


def _job_and_overrides(
    job: str | None, like: str | None, deployed: Deployed
) -> tuple[DeployedJob, FoundRun | None, dict[str, Any]]:
    """Return the job to start, and the run that it is started like with that run's overrides.

    Raises InputError without a job and a run, and if the run's input isn't an object of overrides.
    """
    if like is None:
        if job is None:
            raise InputError(
                "name a job, or a run to start again: batch-transform start JOB, or start --like RUN"
            )
        [found] = deployed.jobs(job)
        return found, None, {}
    jobs = deployed.jobs()
    run = find_run(like, jobs, deployed.clients.stepfunctions, deployed.records())
    same = input_of(run, deployed.clients.stepfunctions)
    if not isinstance(same, dict):
        raise InputError(
            f"the input of the run {run.run} isn't an object of overrides, so it can't be started again"
        )
    return run.job if job is None else named_job(job, jobs, deployed.environment), run, same


def _print_json(begun: Mapping[str, Any], deployed: Deployed) -> None:
    """Print a run with its status now."""
    with aws_calls():
        described = deployed.clients.stepfunctions.describe_execution(executionArn=begun["execution_arn"])
    output = described.get("output")
    now = {
        "status": described["status"],
        "output": json.loads(output) if output else None,
        "error": described.get("error") or "",
        "cause": described.get("cause") or "",
    }
    click.echo(json.dumps({**begun, **now}, indent=2, ensure_ascii=False))


def execution_name(now: datetime, caller_arn: str) -> str:
    """Return a unique name for an execution that says who started it and when: 80 characters at most.

    `caller_arn` ends with the user's name, or with the session's name of a role.
    """
    person = re.sub(r"[^A-Za-z0-9]+", "-", re.split("[:/]", caller_arn)[-1]).strip("-")
    return f"start-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}-{person}"[:80].rstrip("-")


def _where(execution: runs.Execution, job: DeployedJob, deployed: Deployed) -> Sequence[tuple[str, str]]:
    link = [("console", execution_link(job.region, execution.arn))] if deployed.has_console else []
    return [
        ("run", execution.run),
        ("execution", execution.arn),
        *link,
        ("follow", deployed.command(f"show {execution.run}")),
        ("stop", deployed.command(f"stop {execution.run}")),
    ]


def _wait(
    view: RunView,
    execution: runs.Execution,
    deployed: Deployed,
    outcome: Callable[[RunOutput, timedelta], Sequence[tuple[str, str]]],
) -> None:
    began = time.monotonic()
    try:
        with aws_calls():
            output, job = follow_run(view, execution, deployed.clients)
    except AwsCallError as error:
        raise FollowError(f"the run {execution.run} continues, but cannot be followed: {error}") from error
    took = timedelta(seconds=time.monotonic() - began)
    for label, text in outcome(output, took):
        view.line(label, text)
    for loss in losses(job) if job is not None else ():
        view.warning(loss)


def output_lines(output: RunOutput, took: timedelta) -> list[tuple[str, str]]:
    """Return labels and texts that summarize a run's output. `took` is how long the command waited."""
    if output.place is None:
        return [("result", str(output))]
    billed = "unknown" if output.billable_seconds is None else f"{output.billable_seconds:,} s"
    return [
        ("job", f"{output.transform_job}"),
        ("output", str(output.place)),
        ("read", objects_text(output.input_objects, output.input_bytes)),
        ("written", objects_text(output.output_objects, output.output_bytes)),
        *([("without", output.left_out)] if output.left_out else []),
        ("instances", f"{output.instance_count} x {output.instance_type}"),
        ("attempts", str(output.attempts)),
        ("billed", f"{billed} per instance"),
        ("took", length_text(took)),
    ]
