"""One run as a person reads it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from batch_transform.cli.runs_view import STYLE_OF_STATUS, clock, instances
from batch_transform.job.aws.console_links import TRANSFORM_JOB_LOGS, execution_link, transform_job_log_link
from batch_transform.job.values.wording import length_text
from batch_transform.runs.past_runs import FoundRun
from batch_transform.runs.run_details import MOST_FILES, RunDetails
from batch_transform.runs.run_jobs import RunJob
from batch_transform.runs.run_output import size_text

_LABEL_WIDTH = 12
_FILES_SHOWN = 20


def show(details: RunDetails, found: FoundRun, console: Console, *, now: datetime, links: bool) -> None:
    """Print all parts; `links` says whether there is an AWS console for them to lead to."""
    run = details.summary
    _line(console, "run", Text(run.run, style="bold"))
    _line(console, "job", Text(found.job.deployed_name))
    told = f"  {run.error}" if run.error else ""
    _line(console, "status", Text.assemble((run.status, STYLE_OF_STATUS.get(run.status, "")), told))
    took = length_text(run.took(now))
    so_far = "" if run.ended else " so far"
    started = f"{run.started.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    _line(console, "started", Text(f"{started}, took {took}{so_far}"))
    if run.records is not None:
        _line(console, "records", Text(f"{run.records:,}"))
    _line(console, "instances", Text(instances(run)))
    _line(console, "execution", Text(run.execution_arn))
    if links:
        _line(console, "console", Text(execution_link(found.job.region, run.execution_arn)))
    if details.cause:
        _heading(console, "Why it failed")
        console.print(Text(details.cause), soft_wrap=True)
        console.print(Text.assemble(("next step: ", "bold"), details.next_step), soft_wrap=True)
    _heading(console, "What it was asked to change")
    if details.overrides:
        _json(console, details.overrides)
    else:
        console.print("nothing: it ran as deployed")
    _states(details, console, now)
    for job in details.jobs:
        _job(job, found, console, links=links)
    _files(details, console)


def _states(details: RunDetails, console: Console, now: datetime) -> None:
    _heading(console, "States")
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
        console.print("  no object")


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold cyan"), soft_wrap=True)


def _line(console: Console, label: str, text: Text) -> None:
    console.print(Text.assemble((f"{label:<{_LABEL_WIDTH}}", "cyan"), text), soft_wrap=True)


def _json(console: Console, value: object) -> None:
    # as it is, so that it can be copied
    console.out(json.dumps(value, indent=2, ensure_ascii=False), highlight=False)
