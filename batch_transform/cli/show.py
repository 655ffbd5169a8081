"""`batch-transform show`: shows the details of one run."""

from __future__ import annotations

import dataclasses
import json
import sys
import webbrowser
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from batch_transform.cli.deployed import Deployed, environment_option, stack_option
from batch_transform.cli.runs import STYLE_OF_STATUS, clock, instances, moment_text
from batch_transform.job.aws.console_links import TRANSFORM_JOB_LOGS, execution_link, transform_job_log_link
from batch_transform.job.price.price import Cost
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import counted, length_text
from batch_transform.runs.deployed_request import deployed_request
from batch_transform.runs.past_runs import FoundRun, find_run
from batch_transform.runs.report_page import save_report
from batch_transform.runs.retry import run_id_of
from batch_transform.runs.run_details import MOST_FILES, RunDetails, run_details
from batch_transform.runs.run_jobs import RunJob
from batch_transform.runs.run_output import size_text
from batch_transform.runs.run_record import Record

_PIPE_WIDTH = 160  # a file or a log has no width that a table must fit


@click.command()
@click.argument("run")
@environment_option
@stack_option
@click.option("--json", "as_json", is_flag=True, help="Print the details as JSON.")
@click.option("--html", "as_html", is_flag=True, help="Save the run's page, and open it in a browser.")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to save the page as. Default: JOB-RUN.html.",
)
@click.option("--no-open", is_flag=True, help="Only save the page.")
def show(
    *,
    run: str,
    environment_name: str,
    stack: str | None,
    as_json: bool,
    as_html: bool,
    target: Path | None,
    no_open: bool,
) -> None:
    """Show the details of RUN: its overrides, states, requests and output, and why it failed.

    RUN is the id of a run, as `runs` lists it, the name of its transform job, or the name or ARN of its execution. The
    name of a job means its most recent run.

    Exits with 0 even if the run failed.
    """
    deployed = Deployed.in_environment(environment_name, stack)
    records = deployed.records()
    found = find_run(run, deployed.jobs(), deployed.clients.stepfunctions, records)
    if as_html or target is not None:
        _save_page(
            found,
            deployed,
            target or Path(f"{found.job.deployed_name}-{found.run}.html"),
            is_open=not no_open,
        )
        return
    details = run_details(found, deployed.clients, deployed.s3(), records)
    if records.problem:
        click.echo(records.problem, err=True)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(details), indent=2, ensure_ascii=False, default=moment_text))
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    _show(details, found, console, now=datetime.now(UTC), links=deployed.has_console)


def _save_page(found: FoundRun, deployed: Deployed, target: Path, *, is_open: bool) -> None:
    """Save the page of the run, and open it."""
    declared = deployed_request(found.job.state_machine_arn, deployed.clients.stepfunctions).request
    path = declared["TransformOutput"]["S3OutputPath"].rstrip("/")
    save_report(S3Uri.parse(f"{path}/{found.run}"), target, deployed.s3())
    click.echo(str(target))
    if is_open and not webbrowser.open(target.resolve().as_uri()):
        click.echo("no browser could be opened: open the file yourself", err=True)


def retry_text(retry: Record) -> str:
    """Return what a retry in the record of a run did."""
    started = datetime.fromisoformat(retry["StartTime"])
    when = f"{started:%Y-%m-%d %H:%M:%S} UTC"
    name = run_id_of(retry["ExecutionArn"], retry)
    outcome = retry["Outcome"] or "in progress"
    because = f" ({retry['Error']})" if retry["Error"] else ""
    return f"{when}, {counted(retry['Objects'], 'object')}: {outcome}{because}, as {name}"


_LABEL_WIDTH = 12
_FILES_SHOWN = 20


def _show(details: RunDetails, found: FoundRun, console: Console, *, now: datetime, links: bool) -> None:
    """Print the details. `links` says whether to link to the AWS console."""
    run = details.summary
    _line(console, "run", Text(run.run, style="bold"))
    _line(console, "job", Text(found.job.deployed_name))
    error = f"  {run.error}" if run.error else ""
    _line(console, "status", Text.assemble((run.status, STYLE_OF_STATUS.get(run.status, "")), error))
    took = length_text(run.took(now))
    so_far = "" if run.ended else " so far"
    started = f"{run.started.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    _line(console, "started", Text(f"{started}, took {took}{so_far}"))
    for label, text in _known(details):
        _line(console, label, Text(text))
    _line(console, "instances", Text(instances(run)))
    _line(console, "execution", Text(run.execution_arn))
    if links:
        _line(console, "console", Text(execution_link(found.job.region, run.execution_arn)))
    if details.cause:
        _heading(console, "Why it failed")
        console.print(Text(details.cause), soft_wrap=True)
        console.print(Text.assemble(("next step: ", "bold"), details.next_step), soft_wrap=True)
    _heading(console, "Overrides")
    if details.overrides:
        _json(console, details.overrides)
    else:
        console.print("none: the run used the job as deployed")
    _states(details, console, now)
    for job in details.jobs:
        _job(job, found, console, links=links)
    _files(details, console)


def _known(details: RunDetails) -> Iterator[tuple[str, str]]:
    """Yield the lines of what isn't known of every run."""
    run, record = details.summary, details.record or {}
    if run.records is not None:
        yield "records", f"{run.records:,}"
    if cost := record.get("Cost"):
        yield "cost", f"{Cost(cost['Amount'], cost['Currency'])}, over all transform jobs"
    if run.started_by is not None:
        yield "started by", run.started_by
    if run.reconciliation is not None:
        yield "reconciled", run.reconciliation
    if run.retry_of is not None:
        yield "retry of", run.retry_of
    for retry in record.get("Retries", ()):
        yield "retried", retry_text(retry)


def _states(details: RunDetails, console: Console, now: datetime) -> None:
    _heading(console, "States")
    if not details.states:
        console.print("not known any more: Step Functions keeps them for 90 days")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    for state in details.states:
        spent = (state.left or now) - state.entered
        table.add_row(
            f"{state.entered.astimezone(UTC):%H:%M:%S}",
            state.name,
            clock(spent) + ("" if state.left else " so far"),
        )
    console.print(table)


def _job(job: RunJob, found: FoundRun, console: Console, *, links: bool) -> None:
    _heading(console, f"Transform job {job.name}")
    _line(console, "status", Text(job.status))
    if job.failure_reason:
        _line(console, "reason", Text(job.failure_reason))
    if job.started and job.ended:
        _line(console, "took", Text(length_text(job.ended - job.started)))
    _line(console, "log", Text(f"group {TRANSFORM_JOB_LOGS}, streams {job.name}/…"))
    if links:
        _line(console, "log link", Text(transform_job_log_link(found.job.region, job.name)))
    _line(console, "request", Text())
    _json(console, job.request)


def _files(details: RunDetails, console: Console) -> None:
    if details.output_path is None:
        return
    _heading(console, "Output")
    console.print(Text(details.output_path), soft_wrap=True)
    prefix = f"{details.output_path.rstrip('/')}/"
    for file in details.files[:_FILES_SHOWN]:
        console.print(Text(f"  {file.uri.removeprefix(prefix)}  {size_text(file.size)}"), soft_wrap=True)
    hidden = len(details.files) - _FILES_SHOWN
    if details.more_files:
        console.print(f"  and more: over {MOST_FILES:,} objects")
    elif hidden > 0:
        console.print(f"  and {hidden} more")
    elif not details.files:
        console.print("  no objects")


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold cyan"), soft_wrap=True)


def _line(console: Console, label: str, text: Text) -> None:
    console.print(Text.assemble((f"{label:<{_LABEL_WIDTH}}", "cyan"), text), soft_wrap=True)


def _json(console: Console, value: object) -> None:
    # unwrapped, so that it can be copied
    console.out(json.dumps(value, indent=2, ensure_ascii=False), highlight=False)
