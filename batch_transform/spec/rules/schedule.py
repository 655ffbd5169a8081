"""When the job starts by itself: schedule expressions of EventBridge Scheduler.

Source: EventBridge Scheduler User Guide, "Schedule types". Only what the page rules out is refused;
a form that it does not mention is left to AWS.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from batch_transform.spec.cdk_token import is_token
from batch_transform.spec.job_spec import JobSpec, ScheduleSpec
from batch_transform.spec.problem import Problem

_SCHEDULE = "triggers.schedule"
_CRON = f"{_SCHEDULE}.cron"
_RATE = f"{_SCHEDULE}.rate"
_ZONE = f"{_SCHEDULE}.timezone"


@dataclass(frozen=True)
class _CronField:
    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_CRON_FIELDS = (
    _CronField("minutes", 0, 59),
    _CronField("hours", 0, 23),
    _CronField("day of month", 1, 31),
    _CronField("month", 1, 12, _MONTHS),
    _CronField("day of week", 1, 7, _DAYS),
    _CronField("year", 1970, 2199),
)
_LONGEST_MONTH = {month: 29 if month == 2 else 30 if month in {4, 6, 9, 11} else 31 for month in range(1, 13)}
_CRON_NAMES = "minutes, hours, day of month, month, day of week, year"


def schedule_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check expression and timezone."""
    schedule = spec.triggers.schedule
    if schedule is None:
        return
    given = [name for name in ("cron", "rate") if getattr(schedule, name) is not None]
    if len(given) != 1:
        says = "neither cron nor rate" if not given else "both cron and rate"
        yield Problem(
            "schedule-ambiguous",
            _SCHEDULE,
            f'says {says}; write one of them, such as cron: "0 2 * * ? *" or rate: 1 hour',
        )
        return
    yield from _cron(schedule) if schedule.cron is not None else _rate(schedule)
    found = list(_timezone(schedule))
    yield from found
    if (
        schedule.rate is not None
        and not found
        and not is_token(schedule.timezone)
        and schedule.timezone != "UTC"
    ):
        yield Problem(
            "timezone-without-cron",
            _ZONE,
            f"{schedule.timezone} has no effect on a rate, which counts from when the schedule was made; leave it "
            "out, or write cron",
            severity="warning",
        )


def _cron(schedule: ScheduleSpec) -> Iterator[Problem]:
    text = schedule.cron or ""
    if is_token(text):
        return
    if text.strip().startswith("cron("):
        inner = text.strip().removeprefix("cron(").removesuffix(")")
        yield Problem("cron-malformed", _CRON, f'leave out the word cron and its brackets; write "{inner}"')
        return
    parts = text.split()
    if len(parts) != len(_CRON_FIELDS):
        hint = f'; write "{_from_unix(parts)}"' if len(parts) == 5 else ""
        yield Problem(
            "cron-malformed",
            _CRON,
            f"'{text}' has {len(parts)} fields; EventBridge Scheduler wants 6: {_CRON_NAMES}{hint}",
        )
        return
    is_sound = True
    for field, part in zip(_CRON_FIELDS, parts, strict=True):
        for item in part.split(","):
            if not _fits(field, item):
                is_sound = False
                words = f" or {field.words[0]} to {field.words[-1]}" if field.words else ""
                yield Problem(
                    "cron-malformed",
                    _CRON,
                    f"'{item}' is not allowed for {field.name} in '{text}'; values are {field.least} to "
                    f"{field.most}{words}",
                )
    if [parts[2], parts[4]].count("?") != 1:
        parts[4 if parts[4] == "*" or parts[2] != "*" else 2] = "?"
        if parts[2] == parts[4] == "?":
            parts[2] = "*"
        yield Problem(
            "cron-days",
            _CRON,
            f"'{text}' must have ? either for day of month or for day of week, and not in both; such as "
            f'"{" ".join(parts)}"',
        )
    elif is_sound and _never_comes(days=parts[2], months=parts[3]):
        yield Problem(
            "cron-never",
            _CRON,
            f"'{text}' never starts the job, since no such month has a day {parts[2]}; write L for a month's last day",
            severity="warning",
        )


def _never_comes(*, days: str, months: str) -> bool:
    """Whether no month has such a day; signs such as * and L leave that to AWS."""
    if re.fullmatch(r"[\d,-]+", days) is None:
        return False
    least = min(int(item.partition("-")[0]) for item in days.split(","))
    asked: set[int] = set()
    for item in months.upper().split(","):
        ends = [_MONTHS.index(end) + 1 if end in _MONTHS else end for end in item.split("-")]
        if not all(str(end).isdigit() for end in ends):
            return False
        asked |= {int(ends[0]), *range(int(ends[0]), int(ends[-1]) + 1)}
    return least > max(_LONGEST_MONTH[month] for month in asked)


def _fits(field: _CronField, item: str) -> bool:
    """Whether one item of a field is within bounds: a value, a range, a step, or a sign such as L, W or #."""
    day = field.name.startswith("day")
    if item in {"*", "?"}:
        return item == "*" or day
    if day and re.search(r"[LW#]", item.upper()) and re.fullmatch(r"[0-9A-Z#-]+", item.upper()):
        return True
    span, slash, step = item.partition("/")
    if slash and not step.isdigit():
        return False
    if span in {"", "*"}:
        return bool(slash)
    ends = span.split("-")
    return len(ends) <= 2 and all(_is_value(field, end) for end in ends)


def _is_value(field: _CronField, text: str) -> bool:
    if text.upper() in field.words:
        return True
    return text.isdigit() and text.isascii() and field.least <= int(text) <= field.most


def _from_unix(parts: list[str]) -> str:
    """Return the six fields for the five of a Unix crontab, whose week begins with Sunday as 0."""
    minutes, hours, day, month, weekday = parts
    weekday = re.sub(r"\d+", lambda number: str(int(number[0]) % 7 + 1), weekday)
    if weekday == "*":
        weekday = "?"
    elif day == "*":
        day = "?"
    return " ".join([minutes, hours, day, month, weekday, "*"])


def _rate(schedule: ScheduleSpec) -> Iterator[Problem]:
    text = schedule.rate or ""
    if is_token(text):
        return
    if re.fullmatch(r"\s*0*[1-9][0-9]*\s+(minute|hour|day)s?\s*", text) is None:
        yield Problem(
            "rate-malformed",
            _RATE,
            f"'{text}' is no rate; write a number and minutes, hours or days, such as 1 hour or 12 hours",
        )


def _timezone(schedule: ScheduleSpec) -> Iterator[Problem]:
    zone = schedule.timezone
    if is_token(zone) or _is_zone("UTC") is False or _is_zone(zone):
        return  # a machine without a time zone database knows not even UTC: AWS will check
    near = get_close_matches(zone, zoneinfo.available_timezones(), n=3)
    hint = f"near ones are {', '.join(near)}" if near else "such as UTC or Europe/Vienna"
    yield Problem(
        "timezone-unknown", _ZONE, f"'{zone}' is no time zone of the IANA time zone database; {hint}"
    )


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
