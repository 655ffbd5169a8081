"""A list of runs as a person reads it: a row for each, and below them why some failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from batch_transform.runs.past_runs import RunSummary

STYLE_OF_STATUS = {
    "SUCCEEDED": "green",
    "RUNNING": "cyan",
    "SKIPPED": "dim",
    "FAILED": "red",
    "TIMED_OUT": "red",
    "ABORTED": "yellow",
}
_NOT_TOLD = "-"
_ROOM_FOR_ALL = 100  # columns; a narrower terminal sees the start in the run's id, which begins with it
_LONGEST_REASON = 300


def show(runs: Sequence[RunSummary], console: Console, *, now: datetime, of_one_job: bool) -> None:
    """Print the runs in their order. Times are in UTC, as in the ids of runs."""
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
    for run in runs:
        table.add_row(
            Text(run.run),
            *([] if of_one_job else [Text(run.job)]),
            Text(run.status, style=STYLE_OF_STATUS.get(run.status, "")),
            *([Text(f"{run.started.astimezone(UTC):%m-%d %H:%M}")] if with_start else []),
            Text(clock(run.took(now))),
            Text(_count(run.records if counts_records else run.output_objects)),
            Text(instances(run)),
        )
    console.print(table)
    reasons = [(run.run, reason) for run in runs if (reason := short_reason(run))]
    if reasons:
        console.print()
    for name, reason in reasons:
        console.print(Text.assemble((name, "bold"), f"  {reason}"), soft_wrap=True)


def clock(span: timedelta) -> str:
    """Return `70:14` or `1:10:14`: hours only where there are some."""
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def instances(run: RunSummary) -> str:
    """Return the machines: the type, and how many where there are several."""
    if run.instance_type is None:
        return _NOT_TOLD
    several = f"{run.instance_count} x " if run.instance_count not in {None, 1} else ""
    return f"{several}{run.instance_type}"


def short_reason(run: RunSummary) -> str:
    """Return the error and the first line of its cause; "" for a run without one."""
    first = run.cause.partition("\n")[0]
    told = ": ".join(part for part in (run.error, first) if part)
    return told if len(told) <= _LONGEST_REASON else f"{told[:_LONGEST_REASON]}…"


def _count(number: int | None) -> str:
    return _NOT_TOLD if number is None else f"{number:,}"
