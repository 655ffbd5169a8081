"""When a schedule of EventBridge Scheduler starts something.

Source: EventBridge Scheduler User Guide, "Schedule types": a rate counts from its start date, and starts at
once without one; cron and `at` are in the schedule's time zone; start and end dates are in UTC and bound them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from batch_transform.job.schedule.cron import moment_of, read_cron, read_moment

_AT = re.compile(r"\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d")  # Python reads more forms, and from 3.14 on 24:00
_RATE = re.compile(r"\s*0*([1-9]\d*)\s+(minute|hour|day)s?\s*")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True)
class Times:
    """A schedule's expression and its bounds: `begins` is its start date, `ends` its end date."""

    expression: str
    zone: str = "UTC"
    begins: datetime | None = None
    ends: datetime | None = None

    @property
    def is_once(self) -> bool:
        """Whether it is an `at(...)`."""
        return self.expression.strip().startswith("at(")

    def first(self, made: datetime) -> datetime | None:
        """Return the first start of a schedule that was made at a moment; or None if it never starts.

        An `at(...)` in the past is due at once.
        """
        return next(self._starts(made, after=made - timedelta(microseconds=1)), None)

    def following(self, after: datetime, *, made: datetime) -> datetime | None:
        """Return the next start after a moment, or None if there is none left."""
        return None if self.is_once else next(self._starts(made, after=after), None)

    def _starts(self, made: datetime, *, after: datetime) -> Iterator[datetime]:
        for start in self._unbounded(made, max(after, self._begins_after)):
            if self.ends is not None and start > self.ends:
                return
            yield start

    @property
    def _begins_after(self) -> datetime:
        if self.begins is None:
            return datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
        return self.begins - timedelta(microseconds=1)

    def _unbounded(self, made: datetime, after: datetime) -> Iterator[datetime]:
        kind, _, inner = self.expression.strip().rstrip(")").partition("(")
        zone: tzinfo = ZoneInfo(self.zone)
        if kind == "at":
            moment = moment_of(datetime.fromisoformat(inner), zone)
            if moment is not None:
                yield moment
        elif rate := _RATE.fullmatch(inner) if kind == "rate" else None:
            interval, start = int(rate[1]) * _UNITS[rate[2]], self.begins or made
            start += max(0, (after - start) // interval) * interval
            while True:
                if start > after:
                    yield start
                start += interval
        else:
            cron = read_cron(inner)
            yield from cron.starts(after, zone) if cron else ()


def times_of(schedule: Mapping[str, Any]) -> Times:
    """Read a schedule as the Scheduler's API has it. Raises ValueError in AWS's words, or much like them."""
    expression = str(schedule["ScheduleExpression"])
    zone = schedule.get("ScheduleExpressionTimezone") or "UTC"
    times = Times(expression, zone, moment(schedule.get("StartDate")), moment(schedule.get("EndDate")))
    kind, _, inner = expression.strip().rstrip(")").partition("(")
    readers: dict[str, Callable[[str], object]] = {
        "at": lambda text: datetime.fromisoformat(text) if _AT.fullmatch(text) else None,
        "rate": _RATE.fullmatch,
        "cron": read_cron,
    }
    try:
        is_legal = readers[kind](inner) is not None
    except (KeyError, ValueError):
        is_legal = False
    if not is_legal:
        raise ValueError(f"Invalid Schedule Expression {expression}.")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"Invalid Schedule Expression Timezone {zone}.") from error
    return times


def moment(value: object) -> datetime | None:
    """Read a date: the API gives seconds since 1970, a template a moment in UTC. Raises ValueError."""
    if value is None:
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    read = read_moment(str(value))
    if read is None:
        raise ValueError(f"Invalid date {value}.")
    return read


@dataclass(frozen=True)
class Clock:
    """A clock that shows the right time when a schedule is made and then runs faster: a tenth is ten times as fast."""

    made: datetime
    scale: float = 1.0

    def time(self, now: datetime) -> datetime:
        """What it shows now."""
        return self.made + (now - self.made) / self.scale
