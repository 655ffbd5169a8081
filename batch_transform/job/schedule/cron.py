"""Cron expressions of EventBridge Scheduler: which days and times they mean.

Source: EventBridge Scheduler User Guide, "Schedule types". A range whose end is before its start wraps around
the week, the day or the year; the page doesn't say so, but other readers of this notation do so.
"""

from __future__ import annotations

import calendar
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIRST_YEAR, LAST_YEAR = 1970, 2199

_SATURDAY = 7
_DST_SHIFT = timedelta(hours=3)  # more than any zone moves its clocks


@dataclass(frozen=True)
class Cron:
    """`minutes` and `hours` are in order; `day` and `weekday` are as written, and `?` means no restriction."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    day: str
    months: frozenset[int]
    weekday: str
    years: frozenset[int]

    def days(self, year: int, month: int) -> tuple[int, ...]:
        """Return the days of a month on which something starts, in order."""
        if month not in self.months or year not in self.years:
            return ()
        first, length = calendar.monthrange(year, month)
        return _days(self.day, self.weekday, (first + 1) % 7 + 1, length)

    def starts(self, after: datetime, zone: tzinfo = UTC) -> Iterator[datetime]:
        """Yield the moments after `after` at which something starts, in UTC, up to the last year.

        Times that the clocks skip are left out; of those that come twice, the first counts (User
        Guide, "Daylight savings time").
        """
        for local in self._local_starts(after.astimezone(zone).replace(tzinfo=None) - _DST_SHIFT):
            moment = moment_of(local, zone)
            if moment is not None and moment > after:
                yield moment

    def _local_starts(self, after: datetime) -> Iterator[datetime]:
        for year in sorted(year for year in self.years if year >= after.year):
            for month in sorted(self.months):
                if (year, month) < (after.year, after.month):
                    continue
                for day in self.days(year, month):
                    midnight = datetime(year, month, day)
                    if midnight.date() < after.date():
                        continue
                    for hour in self.hours:
                        for minute in self.minutes:
                            local = midnight.replace(hour=hour, minute=minute)
                            if local > after:
                                yield local


def moment_of(local: datetime, zone: tzinfo) -> datetime | None:
    """Return the moment in UTC at which a zone's clocks first show a time; None if they never do."""
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None, fold=0) == local else None


def read_cron(text: str) -> Cron | None:
    """Return what six fields mean, without the word `cron`; None if their form isn't known."""
    parts = text.upper().split()
    if len(parts) != 6:
        return None
    minutes, hours, day, months, weekday, years = parts
    try:
        cron = Cron(
            tuple(sorted(_values(minutes, 0, 59))),
            tuple(sorted(_values(hours, 0, 23))),
            day,
            frozenset(_values(months, 1, 12, MONTHS)),
            weekday,
            frozenset(_values(years, FIRST_YEAR, LAST_YEAR)),
        )
        _days(day, weekday, 1, 31)
    except ValueError:
        return None
    return cron


@functools.lru_cache(maxsize=4096)
def _days(day: str, weekday: str, first: int, length: int) -> tuple[int, ...]:
    """Return the days of a month of `length` days whose first is the weekday `first`, Sunday being 1."""
    if (day == "?") == (weekday == "?"):
        raise ValueError("one of the two fields is ?")
    if day != "?":
        found = {one for item in day.split(",") for one in _days_of_month(item, first, length)}
    else:
        found = {one for item in weekday.split(",") for one in _days_of_week(item, first, length)}
    return tuple(sorted(one for one in found if 1 <= one <= length))


def _days_of_month(item: str, first: int, length: int) -> Iterator[int]:
    last = re.fullmatch(r"L(?:-(\d+))?", item)
    near = re.fullmatch(r"(\d+|L)W", item)
    if last:
        yield length - int(last[1] or 0)
    elif near:
        yield from _nearest_weekday(length if near[1] == "L" else int(near[1]), first, length)
    else:
        yield from _values(item, 1, 31)


def _nearest_weekday(day: int, first: int, length: int) -> Iterator[int]:
    """Go back from a Saturday and forward from a Sunday, unless that leaves the month."""
    if not 1 <= day <= length:
        return
    weekday = (first - 1 + day - 1) % 7 + 1
    if weekday == _SATURDAY:
        yield day - 1 if day > 1 else day + 2
    elif weekday == 1:
        yield day + 1 if day < length else day - 2
    else:
        yield day


def _days_of_week(item: str, first: int, length: int) -> Iterator[int]:
    nth = re.fullmatch(r"(\w+)#([1-5])", item)
    last = re.fullmatch(r"(\w+)L", item)
    if nth:
        weekday = _value(nth[1], 1, 7, WEEKDAYS)
        yield (weekday - first) % 7 + 1 + 7 * (int(nth[2]) - 1)
    elif last:
        weekday = _value(last[1], 1, 7, WEEKDAYS)
        yield max(range((weekday - first) % 7 + 1, length + 1, 7))
    else:
        # L alone is the last day of the week.
        wanted = {_SATURDAY} if item == "L" else _values(item, 1, 7, WEEKDAYS)
        yield from (day for day in range(1, length + 1) if (first - 1 + day - 1) % 7 + 1 in wanted)


def _values(field: str, least: int, most: int, words: tuple[str, ...] = ()) -> set[int]:
    """Return the numbers that a field lists: `*`, `5`, `1-5`, `*/15`, `0/15`, `8-18/2`, `MON,WED`."""
    return {one for item in field.split(",") for one in _item(item, least, most, words)}


def _item(item: str, least: int, most: int, words: tuple[str, ...]) -> Iterator[int]:
    span, slash, step = item.partition("/")
    if slash and not (step.isdigit() and int(step)):
        raise ValueError(item)
    start, dash, end = span.partition("-")
    if span == "*" or (slash and not span):
        low, high = least, most
    else:
        low = _value(start, least, most, words)
        high = _value(end, least, most, words) if dash else most if slash else low
    if high < low:
        high += most - least + 1
    for number in range(low, high + 1, int(step or 1)):
        yield number if number <= most else number - (most - least + 1)


def _value(text: str, least: int, most: int, words: tuple[str, ...]) -> int:
    number = words.index(text) + 1 if text in words else int(text) if text.isdecimal() else least - 1
    if not least <= number <= most:
        raise ValueError(text)
    return number


_FORM = re.compile(r"\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d(\.\d{1,6})?Z")  # Python 3.14 reads 24:00 too


def read_moment(text: str) -> datetime | None:
    """Return the moment, with its time zone; None if the text isn't in this form."""
    return _read(text) if _FORM.fullmatch(text) else None


def near_moment(text: str) -> str | None:
    """Return the moment in this form for text in another form of ISO 8601; without an offset, UTC."""
    moment = _read(text.strip())
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> datetime | None:
    text = re.sub(r"\.\d+", "", text)  # the Scheduler starts nothing within a second
    try:
        moment = datetime.fromisoformat(text.upper())  # a small z is no zone to it
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
