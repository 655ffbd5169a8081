"""The longest and the shortest time between two starts of a schedule, if nothing goes wrong."""

from __future__ import annotations

import functools
import itertools
import zoneinfo
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from batch_transform.job.schedule.cron import FIRST_YEAR, LAST_YEAR, Cron, moment_of, read_cron
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import ScheduleSpec

# In 28 years each date falls on each weekday, and four of each kind of leap year come and go. Only the
# leap day that the year 2100 lacks lies outside.
_YEARS = frozenset(range(2025, 2053))
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


def longest_gap(schedule: ScheduleSpec) -> timedelta | None:
    """Return the longest time between two starts, or None if there are no two or it can't be determined.

    It considers the expression, its time zone (setting the clocks back makes a gap an hour longer, and a start in the
    hour that they skip makes it twice as long) and the window within which the Scheduler may be late. Start and end
    of the schedule, and whether it is paused, are left to the caller. A cron expression without a year is followed
    through 28 years.
    """
    gaps = _gaps(schedule)
    late = timedelta(minutes=schedule.maximum_window_in_minutes or 0)
    return None if gaps is None else gaps.longest + late


def shortest_gap(schedule: ScheduleSpec) -> timedelta | None:
    """Return the shortest time between two starts, or None as `longest_gap` does.

    It doesn't consider the window within which the Scheduler may be late.
    """
    gaps = _gaps(schedule)
    return None if gaps is None else gaps.shortest


def longest_wait(schedules: Iterable[ScheduleSpec]) -> timedelta | None:
    """Return how long a job with these schedules may go without a start; None if none of them determines it.

    It is the gap of the schedule that starts most often: the others can only make it shorter.
    """
    gaps = [longest_gap(schedule) for schedule in schedules if schedule.enabled]
    return min((gap for gap in gaps if gap is not None), default=None)


@dataclass(frozen=True)
class _Gaps:
    """The shortest and the longest time between two consecutive starts."""

    shortest: timedelta
    longest: timedelta


def _gaps(schedule: ScheduleSpec) -> _Gaps | None:
    if schedule.rate is not None:
        return _rate(schedule.rate)
    return _cron_gaps(schedule.cron or "", schedule.timezone)


def _rate(text: str) -> _Gaps | None:
    number, _, unit = text.strip().partition(" ")
    length = _UNITS.get(unit.strip().removesuffix("s"))
    if length is None or not number.isdecimal():
        return None
    return _Gaps(int(number) * length, int(number) * length)


@functools.lru_cache(maxsize=1024)
def _cron_gaps(text: str, zone_name: str) -> _Gaps | None:
    cron = None if is_token(text) or is_token(zone_name) else read_cron(text)
    if cron is None:
        return None
    try:
        zone = UTC if zone_name == "UTC" else zoneinfo.ZoneInfo(zone_name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None  # a machine without a time zone database
    found: _Gaps | None = None
    last: datetime | None = None
    for first_of_day, last_of_day, within in _days_with_starts(cron, zone):
        if last is not None:
            found = _both(found, _Gaps(first_of_day - last, first_of_day - last))
        found = _both(found, within)
        last = last_of_day
    return found


def _both(gaps: _Gaps | None, others: _Gaps | None) -> _Gaps | None:
    if gaps is None or others is None:
        return gaps or others
    return _Gaps(min(gaps.shortest, others.shortest), max(gaps.longest, others.longest))


def _days_with_starts(cron: Cron, zone: tzinfo) -> Iterator[tuple[datetime, datetime, _Gaps | None]]:
    """Yield each day's first and last start, and the gaps between them.

    Days differ only when clocks change, so the times of all other days are calculated once.
    """
    times = [timedelta(hours=hour, minutes=minute) for hour in cron.hours for minute in cron.minutes]
    usual = _between(times)
    for midnight in _midnights(cron):
        offset = _offset(midnight, zone)
        if offset == _offset(midnight + timedelta(days=1), zone):
            utc = midnight.replace(tzinfo=UTC) - offset
            yield utc + times[0], utc + times[-1], usual
            continue
        moments = [moment_of(midnight + time, zone) for time in times]
        starts = [moment for moment in moments if moment is not None]
        if starts:
            yield starts[0], starts[-1], _between([moment - starts[0] for moment in starts])


def _midnights(cron: Cron) -> Iterator[datetime]:
    every_year = len(cron.years) > LAST_YEAR - FIRST_YEAR
    for year in sorted(_YEARS if every_year else cron.years):
        for month in sorted(cron.months):
            for day in cron.days(year, month):
                yield datetime(year, month, day)


def _offset(local: datetime, zone: tzinfo) -> timedelta:
    return zone.utcoffset(local.replace(tzinfo=zone)) or timedelta(0)


def _between(times: list[timedelta]) -> _Gaps | None:
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    return _Gaps(min(gaps), max(gaps)) if gaps else None
