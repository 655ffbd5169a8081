"""`batch-transform show`: one run of a deployed job."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import UTC, datetime

import click
from rich.console import Console

from batch_transform.cli.deployed import Deployed, environment_option, stack_option
from batch_transform.cli.runs import moment_text
from batch_transform.cli.show_view import show as show_details
from batch_transform.runs.past_runs import find_run
from batch_transform.runs.run_details import run_details

_PIPE_WIDTH = 160  # a file or a log has no edge that a table must fit


@click.command()
@click.argument("run")
@environment_option
@stack_option
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON, for programs.")
def show(*, run: str, environment_name: str, stack: str | None, as_json: bool) -> None:
    """Show a RUN: what it was asked, where it has been, what it wrote, and why it failed.

    RUN is a run's id as `runs` lists it, the name of its transform job, the name or the ARN of its execution; or
    a job's name, for the last run of that job.

    Ends with 0 however the run ended.
    """
    deployed = Deployed.in_environment(environment_name, stack)
    found = find_run(run, deployed.jobs(), deployed.clients.stepfunctions)
    details = run_details(found, deployed.clients, deployed.s3())
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(details), indent=2, ensure_ascii=False, default=moment_text))
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    show_details(details, found, console, now=datetime.now(UTC), links=deployed.has_console)
