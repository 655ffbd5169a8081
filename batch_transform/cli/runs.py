"""`batch-transform runs`: the last runs of deployed jobs."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import UTC, datetime

import click
from rich.console import Console

from batch_transform.cli.deployed import Deployed, environment_option, stack_option
from batch_transform.cli.runs_view import show
from batch_transform.runs.past_runs import last_runs, summary_of

_PIPE_WIDTH = 160  # a file or a log has no edge that a table must fit


@click.command()
@click.argument("job", required=False)
@click.option(
    "--limit",
    default=10,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="How many runs, of all jobs together.",
)
@environment_option
@stack_option
@click.option("--json", "as_json", is_flag=True, help="Print the runs as JSON, for programs.")
def runs(*, job: str | None, limit: int, environment_name: str, stack: str | None, as_json: bool) -> None:
    """List the last runs of JOB, or of all jobs that are deployed, newest first; those that go on too.

    Records are counted on the local AWS only: SageMaker tells no number of records, and objects are shown.
    """
    deployed = Deployed.in_environment(environment_name, stack)
    found = last_runs(deployed.jobs(job), deployed.clients.stepfunctions, limit)
    summaries = [summary_of(run, deployed.clients) for run in found]
    if as_json:
        rows = [dataclasses.asdict(summary) for summary in summaries]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=moment_text))
        return
    if not summaries:
        start = deployed.command(f"start {job or 'JOB'}")
        click.echo(f"no runs yet; start one: {start}")
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    show(summaries, console, now=datetime.now(UTC), of_one_job=job is not None)
    failed = next((summary.run for summary in summaries if summary.error or summary.cause), None)
    if failed:
        click.echo(f"\nmore of a run: {deployed.command(f'show {failed}')}")


def moment_text(value: object) -> str:
    """Return a moment as JSON has it: UTC, in ISO 8601."""
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is nothing that JSON has")
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
