"""`batch-transform stop`: stops runs of deployed jobs, with their transform jobs."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import click
from rich.console import Console

from batch_transform.cli.deployed import Deployed, environment_option, stack_option
from batch_transform.cli.run_view import RunView
from batch_transform.cli.runs import moment_text
from batch_transform.job.errors import InputError
from batch_transform.job.values.wording import counted, length_text
from batch_transform.runs.past_runs import FoundRun
from batch_transform.runs.stop import StoppedRun, runs_to_stop, until_ended
from batch_transform.runs.stop import stop as stop_runs

_PIPE_WIDTH = 160  # a file or a log has no width that a table must fit

_LATE_SECONDS = 120.0
"""If AWS isn't stopping a transform job after this time, a warning shows the command that stops it."""


@click.command()
@click.argument("target", metavar="[JOB|RUN]", required=False)
@click.option("--all", "all_jobs", is_flag=True, help="Stop the runs in progress of all deployed jobs.")
@click.option("--yes", is_flag=True, help="Stop several runs without asking.")
@environment_option
@stack_option
@click.option("--json", "as_json", is_flag=True, help="Print the runs as JSON, once they have ended.")
def stop(
    *,
    target: str | None,
    all_jobs: bool,
    yes: bool,
    environment_name: str,
    stack: str | None,
    as_json: bool,
) -> None:
    """Stop all runs in progress of JOB, or one RUN, and wait until they and their transform jobs have ended.

    RUN is the id of a run, as `runs` lists it, the name of its transform job, or the name or ARN of its execution.
    Stopping more than one run asks first.

    Exits with 0 once nothing is in progress, also if nothing was; 2 if there is no such job or run; and 130 if you
    interrupt it, while AWS continues to stop the runs.
    """
    if all_jobs is (target is not None):
        raise InputError("name either a job, a run or --all: batch-transform stop JOB|RUN, or stop --all")
    deployed = Deployed.in_environment(environment_name, stack)
    found = runs_to_stop(target, deployed.jobs(), deployed.clients.stepfunctions)
    if not found:
        _print_nothing(target, deployed, as_json=as_json)
        return
    if len(found) > 1 and not yes:
        _confirm(found, deployed)
    stop_runs(found, deployed.clients.stepfunctions)
    try:
        ended = _wait(found, deployed, shows=not as_json)
    except KeyboardInterrupt:
        names = " ".join(run.run for run in found)
        click.echo(
            f"AWS continues to stop {names} and their transform jobs; to see how far it is: "
            f"{deployed.command(f'show {found[0].run}')}",
            err=True,
        )
        raise
    if as_json:
        _print_json(ended)


def _print_nothing(target: str | None, deployed: Deployed, *, as_json: bool) -> None:
    if as_json:
        _print_json([])
        return
    of = f"the job {target}" if target else "the deployed jobs"
    click.echo(
        f"no run of {of} is in progress; the last ones: {deployed.command('runs' + (f' {target}' if target else ''))}"
    )


def _print_json(runs: Sequence[StoppedRun]) -> None:
    rows = [dataclasses.asdict(run) for run in runs]
    click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=moment_text))


def _confirm(found: Sequence[FoundRun], deployed: Deployed) -> None:
    """Ask whether to stop all of these runs. Raises InputError if nobody can answer, or if the answer is no."""
    for run in found:
        click.echo(f"{run.run}  {run.job.deployed_name}", err=True)
    environment = deployed.environment.environment
    if not sys.stdin.isatty():
        raise InputError(
            f"{len(found)} runs are in progress in {environment}; to stop all of them, add --yes"
        )
    if not click.confirm(f"Stop these {len(found)} runs in {environment}?", default=False, err=True):
        raise InputError("nothing was stopped")


def _wait(found: Sequence[FoundRun], deployed: Deployed, *, shows: bool) -> list[StoppedRun]:
    """Wait until the runs and their transform jobs have ended. Show each change; without `shows`, only warnings."""
    console = Console(
        highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH, quiet=not shows, stderr=False
    )
    began = time.monotonic()
    shown: dict[str, str] = {}
    latest: list[StoppedRun] = []
    is_late = False
    with RunView(console) as view:
        for run in found:
            view.line("stopping", f"{run.run} of {run.job.deployed_name}")
        for latest in until_ended(found, deployed.clients):
            for one in latest:
                _show_changes(one, shown, view)
            left = [name for run in latest for name in run.in_progress]
            running = sum(run.status == "RUNNING" for run in latest)
            view.doing(
                f"waiting for {counted(running, 'run')} and {counted(len(left), 'transform job')} to end"
            )
            if not is_late and time.monotonic() - began > _LATE_SECONDS:
                is_late = True
                _warn_of_late(latest)
    return latest


def _show_changes(run: StoppedRun, shown: dict[str, str], view: RunView) -> None:
    for name, status in run.transform_jobs.items():
        if shown.get(name) != status:
            shown[name] = status
            view.line("job", f"{name}  {status}")
    if run.has_ended and run.run not in shown:
        shown[run.run] = run.status
        took = length_text((run.ended or datetime.now(UTC)) - run.started)
        by_itself = "" if run.status == "ABORTED" else ", by itself"
        view.line("ended", f"{run.run}  {run.status} after {took}{by_itself}")


def _warn_of_late(runs: Sequence[StoppedRun]) -> None:
    for run in runs:
        for name in run.in_progress:
            if run.status != "RUNNING" and run.transform_jobs[name] == "InProgress":
                click.echo(
                    f"the run {run.run} has ended, but its transform job {name} is still in progress; to stop it: "
                    f"aws sagemaker stop-transform-job --transform-job-name {name}",
                    err=True,
                )
