"""`batch-transform runs`: lists recent runs of deployed jobs."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from batch_transform.cli.cost_estimate import price_of, price_option
from batch_transform.cli.deployed import Deployed, environment_option, stack_option
from batch_transform.job.price.price import Cost, Price
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.past_cost import past_cost
from batch_transform.runs.past_runs import FoundRun, RunSummary, last_runs, summary_of
from batch_transform.runs.run_jobs import run_jobs
from batch_transform.runs.run_record import RunRecords

_PIPE_WIDTH = 160  # a file or a log has no width that a table must fit


@click.command()
@click.argument("job", required=False)
@click.option(
    "--limit",
    default=10,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Number of runs to list, over all jobs.",
)
@click.option("--cost", "with_cost", is_flag=True, help="Show what each run cost, over all its attempts.")
@price_option
@environment_option
@stack_option
@click.option("--json", "as_json", is_flag=True, help="Print the runs as JSON.")
def runs(
    *,
    job: str | None,
    limit: int,
    with_cost: bool,
    price: float | None,
    environment_name: str,
    stack: str | None,
    as_json: bool,
) -> None:
    """List the most recent runs of JOB, or of all deployed jobs, newest first, including runs in progress.

    Shows how many records a run scored: on the local AWS, and on AWS for a job with reconcile: records. Otherwise,
    shows how many objects it wrote. Runs that Step Functions no longer has are read from their records.

    With --cost, a run costs what its record says or, without one, the billed time of its transform jobs at the price of
    the Price List. With --price, it is that price.
    """
    deployed = Deployed.in_environment(environment_name, stack)
    records = deployed.records()
    found = last_runs(deployed.jobs(job), deployed.clients.stepfunctions, limit, records)
    summaries = [summary_of(run, deployed.clients, records) for run in found]
    if records.problem:
        click.echo(records.problem, err=True)
    costs = _costs(found, deployed, records, price) if with_cost or price is not None else None
    if as_json:
        rows = [dataclasses.asdict(summary) for summary in summaries]
        for row, cost in zip(rows, costs or [], strict=False):
            row["cost"] = cost and cost.as_json()
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=moment_text))
        return
    if not summaries:
        start = deployed.command(f"start {job or 'JOB'}")
        click.echo(f"no runs yet; to start one: {start}")
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    show_runs(summaries, console, now=datetime.now(UTC), of_one_job=job is not None, costs=costs)
    failed = next((summary.run for summary in summaries if summary.error or summary.cause), None)
    if failed:
        click.echo(f"\ndetails of a run: {deployed.command(f'show {failed}')}")


def _costs(
    found: Sequence[FoundRun], deployed: Deployed, records: RunRecords, given: float | None
) -> list[Cost | None]:
    """Return what each run cost: what its record says, or what the given price or that of today makes of its time.

    A price that isn't known is reported once.
    """
    known: dict[tuple[str, str], Price | None] = {}

    def price(region: str, instance_type: str) -> Price | None:
        if (instance_type, region) not in known:
            priced = price_of(instance_type, region, deployed, given)
            if priced.remark:
                click.echo(f"{instance_type}: {priced.remark}", err=True)
            known[instance_type, region] = priced.price
        return known[instance_type, region]

    def cost(run: FoundRun) -> Cost | None:
        record = records.of(run.job, run.run) if given is None else None
        if record is not None and (recorded := record.get("Cost")):
            # A retry has a row of its own.
            retries = [one["Cost"]["Amount"] for one in record.get("Retries", ()) if one["Cost"]]
            return Cost(recorded["Amount"] - sum(retries), recorded["Currency"])
        with aws_calls():
            return past_cost(run_jobs(run.run, deployed.clients.sagemaker), partial(price, run.job.region))

    return [cost(run) for run in found]


def moment_text(value: object) -> str:
    """Return a time as text for JSON: UTC, in ISO 8601."""
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} cannot be written as JSON")
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


STYLE_OF_STATUS = {
    "SUCCEEDED": "green",
    "RUNNING": "cyan",
    "SKIPPED": "dim",
    "FAILED": "red",
    "TIMED_OUT": "red",
    "ABORTED": "yellow",
}
_UNKNOWN = "-"
_ROOM_FOR_ALL = 100  # columns; on a narrower terminal, only the run's id shows when it started
_LONGEST_REASON = 300
_LAST_PART = 80
_NAMES = re.compile(r"job \S+(?: \([^)]*\))?: (?:transform job \S+ on \S+: )?")
"""What a cause begins with."""


def show_runs(
    runs: Sequence[RunSummary],
    console: Console,
    *,
    now: datetime,
    of_one_job: bool,
    costs: Sequence[Cost | None] | None = None,
) -> None:
    """Print the runs in the given order, with `costs` in the same order. Times are in UTC, as in the ids of runs."""
    is_wide = console.width >= _ROOM_FOR_ALL
    with_start = of_one_job or is_wide
    counts_records = any(run.records is not None for run in runs)
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, int(is_wide), 0, 0),
        header_style="bold cyan",
    )
    table.add_column("run", no_wrap=True)
    if not of_one_job:
        table.add_column("job", overflow="fold")
    table.add_column("status", no_wrap=True)
    if with_start:
        table.add_column("started", no_wrap=True)
    table.add_column("took", no_wrap=True, justify="right")
    table.add_column("records" if counts_records else "objects", no_wrap=True, justify="right")
    table.add_column("instances", overflow="fold")
    if costs is not None:
        table.add_column("cost", no_wrap=True, justify="right")
    for at, run in enumerate(runs):
        table.add_row(
            Text(run.run),
            *([] if of_one_job else [Text(run.job)]),
            Text(run.status, style=STYLE_OF_STATUS.get(run.status, "")),
            *([Text(f"{run.started.astimezone(UTC):%m-%d %H:%M}")] if with_start else []),
            Text(clock(run.took(now))),
            Text(_count(run.records if counts_records else run.output_objects)),
            Text(instances(run)),
            *([] if costs is None else [Text(str(costs[at] or _UNKNOWN))]),
        )
    console.print(table)
    reasons = [(run.run, reason) for run in runs if (reason := remark(run))]
    if reasons:
        console.print()
    for name, reason in reasons:
        console.print(Text.assemble((name, "bold"), f"  {reason}"), soft_wrap=True)


def clock(span: timedelta) -> str:
    """Return a duration such as `7:14` or `1:10:14`."""
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def instances(run: RunSummary) -> str:
    """Return the instance type, with the number of instances if there are several."""
    if run.instance_type is None:
        return _UNKNOWN
    several = f"{run.instance_count} x " if run.instance_count not in {None, 1} else ""
    return f"{several}{run.instance_type}"


def remark(run: RunSummary) -> str:
    """Return what a row can't show: why the run failed, and whether it is a retry or was retried."""
    retried = f"retry of {run.retry_of}" if run.retry_of else ""
    if run.retries:
        ended = "completed by its retry" if run.status == "SUCCEEDED" else "has been retried"
        retried = ended if run.retries == 1 else f"{ended.replace('its retry', f'{run.retries} retries')}"
    return "; ".join(part for part in (retried, short_reason(run)) if part)


def short_reason(run: RunSummary) -> str:
    """Return the error and the first line of its cause, without the names that the list has; "" if there is no error.

    Of a longer one, the start and the end: numbers come last.
    """
    first = _NAMES.sub("", run.cause.partition("\n")[0])
    reason = ": ".join(part for part in (run.error, first) if part)
    if len(reason) <= _LONGEST_REASON:
        return reason
    return f"{reason[: _LONGEST_REASON - _LAST_PART]}…{reason[-_LAST_PART:]}"


def _count(number: int | None) -> str:
    return _UNKNOWN if number is None else f"{number:,}"
