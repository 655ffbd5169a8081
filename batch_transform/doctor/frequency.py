"""Whether schedules start runs more often than past runs ended."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from batch_transform.doctor.finding import Finding, Unread, Verdict
from batch_transform.job.rules.triggers import too_frequent
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.wording import counted

MOST_RUNS = 20
"""How many of the job's last successful executions are read."""


def is_compared(spec: JobSpec) -> bool:
    """Whether runs of the job may meet: it has a schedule that is enabled, and its runs may not overlap."""
    return any(too_frequent(spec, schedule, float("inf")) for schedule in spec.triggers.schedule)


def check_frequency(spec: JobSpec, outputs: Iterable[Mapping[str, Any]] | Unread) -> Iterator[Finding]:
    """Compare each schedule with the median of the completed runs, from CreateTransformJob to the end of the job.

    That excludes how long a run waited for another one. `outputs` are those of successful executions, skipped ones too.
    """
    if isinstance(outputs, Unread):
        yield outputs.finding("schedule", spec.name)
        return
    seconds = [length for output in outputs if (length := _seconds(output)) is not None]
    if not seconds:
        text = "no run has completed in the last 90 days, so how long one takes isn't known"
        yield Finding("schedule", spec.name, Verdict.FINE, text)
        return
    median = statistics.median(seconds)
    takes = f"{counted(len(seconds), 'completed run')} took {median:,.0f} seconds (the median)"
    found = [words for schedule in spec.triggers.schedule if (words := too_frequent(spec, schedule, median))]
    for words in found:
        yield Finding("schedule", spec.name, Verdict.WARNING, f"{words}; {takes}: start it less often")
    if not found:
        yield Finding("schedule", spec.name, Verdict.FINE, takes)


def _seconds(output: Mapping[str, Any]) -> float | None:
    created, ended = output.get("CreationTime"), output.get("TransformEndTime")
    if not created or not ended:
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(created)).total_seconds()
