"""How an alarm can notice that a job did not start: a pure function of its schedules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from batch_transform.job.schedule.schedule_gap import longest_wait
from batch_transform.job.values.job_spec import JobSpec, ScheduleSpec

_LONGEST = timedelta(days=7)
_SHORT = timedelta(hours=6)
_ONE_HOUR = timedelta(hours=1)
_LONGEST_WARM_UP = timedelta(days=2)


@dataclass(frozen=True)
class StartWatch:
    """The alarm fires after this many periods without a start."""

    period: timedelta
    periods: int

    @property
    def window(self) -> timedelta:
        """The time without a start after which the alarm fires."""
        return self.period * self.periods

    @property
    def warm_up_minutes(self) -> int:
        """How long a new alarm waits before its first evaluation: at most two days (PutMetricAlarm)."""
        return int(min(self.window, _LONGEST_WARM_UP) / timedelta(minutes=1))


@dataclass(frozen=True)
class NotWatched:
    """Why no alarm is possible, for the person who deploys; empty if no start is ever due."""

    reason: str = ""


def start_watch(job: JobSpec) -> StartWatch | NotWatched:
    """Return what to watch: `monitoring.starts_within_hours`, or else the schedule that starts most often.

    CloudWatch evaluates at most seven days in periods of an hour or more, and a day in shorter ones (PutMetricAlarm).
    One period is added for a start that is some minutes late. A weekly start leaves no room for that: where clocks are
    set back, its alarm may fire for an hour, once a year.
    """
    if job.monitoring.starts_within_hours is not None:
        return _watch(timedelta(hours=job.monitoring.starts_within_hours))
    enabled = [schedule for schedule in job.triggers.schedule if schedule.enabled]
    endless = [schedule for schedule in enabled if schedule.end_date is None]
    if not enabled:
        return NotWatched()
    if not endless:
        return NotWatched("its schedules have an end_date, after which no start is due")
    wait = longest_wait(endless)
    if wait is None:
        return NotWatched(f"the longest time between two starts of {_shown(endless)} isn't known")
    if wait > _LONGEST + _ONE_HOUR:
        days = math.ceil(wait / timedelta(days=1))
        return NotWatched(
            f"{_shown(endless)} may go {days} days without a start, and CloudWatch alarms look back 7 days"
        )
    return _watch(wait)


def _watch(wait: timedelta) -> StartWatch:
    period = timedelta(minutes=5) if wait <= _SHORT else _ONE_HOUR
    periods = math.ceil(wait / period) + 1
    return StartWatch(period=period, periods=min(periods, int(_LONGEST / period)))


def _shown(schedules: Sequence[ScheduleSpec]) -> str:
    return ", ".join(schedule.expression for schedule in schedules)
