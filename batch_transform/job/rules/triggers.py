"""Rules for the triggers of a job: schedules and uploads.

Source: EventBridge Scheduler User Guide, "Schedule types". Only forms that the page rules out are refused; forms that
it doesn't mention are left to AWS.
"""

from __future__ import annotations

import json
import re
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from batch_transform.job.errors import InvalidS3UriError, Problem
from batch_transform.job.schedule.cron import (
    FIRST_YEAR,
    LAST_YEAR,
    MONTHS,
    WEEKDAYS,
    Cron,
    near_moment,
    read_cron,
    read_moment,
)
from batch_transform.job.schedule.schedule_gap import shortest_gap
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.fields import item_field
from batch_transform.job.values.job_spec import JobSpec, ScheduleSpec, UploadSpec
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import shown

_SCHEDULE = "triggers.schedule"


@dataclass(frozen=True)
class _CronField:
    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()


_CRON_FIELDS = (
    _CronField("minutes", 0, 59),
    _CronField("hours", 0, 23),
    _CronField("day of month", 1, 31),
    _CronField("month", 1, 12, MONTHS),
    _CronField("day of week", 1, 7, WEEKDAYS),
    _CronField("year", FIRST_YEAR, LAST_YEAR),
)
_CRON_NAMES = "minutes, hours, day of month, month, day of week, year"


def schedule_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check each schedule: its expression, time zone, window and dates, and that its name is unique."""
    count = len(spec.triggers.schedule)
    for at, schedule in enumerate(spec.triggers.schedule):
        field = item_field(_SCHEDULE, at, count)
        yield from _when(schedule, field)
        yield from _name(schedule, field, [other.name for other in spec.triggers.schedule[:at]], count)
        yield from _dates(schedule, field)


def frequency_problems(spec: JobSpec) -> Iterator[Problem]:
    """Warn about a schedule that starts runs more often than they end.

    How long a run usually takes isn't known before there are runs: the job file says which duration is unusual.
    `doctor` compares with past runs.
    """
    longest = spec.monitoring.longest_duration_in_seconds
    schedules = spec.triggers.schedule
    if longest is None or is_token(longest):
        return
    for at, schedule in enumerate(schedules):
        words = too_frequent(spec, schedule, longest)
        if words is not None:
            how = "rate" if schedule.rate is not None else "cron"
            message = (
                f"{words}; monitoring.longest_duration_in_seconds, {longest}, is how long one may take: start it less "
                "often, or lower that if runs take less"
            )
            field = f"{item_field(_SCHEDULE, at, len(schedules))}.{how}"
            yield Problem("schedule-too-frequent", field, message, "warning")


def too_frequent(spec: JobSpec, schedule: ScheduleSpec, seconds: float) -> str | None:
    """Return what happens if the schedule starts runs more often than runs of this length end; None if it doesn't."""
    then = _WHILE_ONE_RUNS.get(spec.workflow.overlapping_runs)
    gap = shortest_gap(schedule) if then is not None and schedule.enabled else None
    if then is None or gap is None or gap.total_seconds() >= seconds:
        return None
    return f"starts come as little as {gap.total_seconds():,.0f} seconds apart: while a run is in progress, {then}"


_WHILE_ONE_RUNS = {
    "wait": "one more waits and further ones are skipped",
    "skip": "further ones are skipped",
    "fail": "further ones fail",
}


def _when(schedule: ScheduleSpec, field: str) -> Iterator[Problem]:
    given = [name for name in ("cron", "rate") if getattr(schedule, name) is not None]
    if len(given) != 1:
        says = "neither cron nor rate" if not given else "both cron and rate"
        yield Problem(
            "schedule-ambiguous",
            field,
            f'has {says}; write one of them, such as cron: "0 2 * * ? *" or rate: 1 hour',
        )
        return
    if schedule.cron is not None:
        yield from _cron(schedule.cron, f"{field}.cron")
    else:
        yield from _rate(schedule.rate or "", f"{field}.rate")
    found = list(_timezone(schedule.timezone, f"{field}.timezone"))
    yield from found
    if (
        schedule.rate is not None
        and not found
        and not is_token(schedule.timezone)
        and schedule.timezone != "UTC"
    ):
        yield Problem(
            "timezone-without-cron",
            f"{field}.timezone",
            f"{schedule.timezone} has no effect on a rate, which counts from the creation of the schedule; leave it "
            "out, or write cron",
            severity="warning",
        )


def _name(schedule: ScheduleSpec, field: str, before: Sequence[str | None], count: int) -> Iterator[Problem]:
    if schedule.name is not None:
        if schedule.name in before:
            message = f"{shown(schedule.name)} is also the name of another schedule; give each schedule its own name"
            yield Problem("schedule-name-duplicate", f"{field}.name", message)
    elif count > 1:
        yield Problem(
            "schedule-name-missing",
            field,
            "is one of several schedules and needs a name of its own; add one, such as name: nightly",
        )


def _dates(schedule: ScheduleSpec, field: str) -> Iterator[Problem]:
    moments: dict[str, datetime] = {}
    for name in ("start_date", "end_date"):
        text = getattr(schedule, name)
        if text is None or is_token(text):
            continue
        moment = read_moment(text)
        if moment is not None:
            moments[name] = moment
            continue
        meant = near_moment(text) or "2026-12-01T00:00:00Z"
        yield Problem(
            "date-malformed",
            f"{field}.{name}",
            f"{shown(text)} is not a UTC time that EventBridge Scheduler accepts; write {meant}",
        )
    if len(moments) == 2 and moments["end_date"] <= moments["start_date"]:
        yield Problem(
            "schedule-ends-first",
            f"{field}.end_date",
            f"{schedule.end_date} is not after start_date, {schedule.start_date}; write a later time",
        )


def _cron(text: str, field: str) -> Iterator[Problem]:
    if is_token(text):
        return
    if text.strip().startswith("cron("):
        inner = text.strip().removeprefix("cron(").removesuffix(")")
        yield Problem(
            "cron-malformed", field, f'leave out the word cron and its parentheses; write "{inner}"'
        )
        return
    parts = text.split()
    if len(parts) != len(_CRON_FIELDS):
        six = _from_unix(parts) if len(parts) == 5 else None
        hint = f'; write "{six}"' if six else ""
        yield Problem(
            "cron-malformed",
            field,
            f"'{text}' has {len(parts)} fields; EventBridge Scheduler needs 6: {_CRON_NAMES}{hint}",
        )
        return
    is_sound = True
    for of, part in zip(_CRON_FIELDS, parts, strict=True):
        for item in part.split(","):
            if not _fits(of, item):
                is_sound = False
                words = f" or {of.words[0]} to {of.words[-1]}" if of.words else ""
                yield Problem(
                    "cron-malformed",
                    field,
                    f"'{item}' is not allowed for {of.name} in '{text}'; values are {of.least} to "
                    f"{of.most}{words}",
                )
    if [parts[2], parts[4]].count("?") != 1:
        parts[4 if parts[4] == "*" or parts[2] != "*" else 2] = "?"
        if parts[2] == parts[4] == "?":
            parts[2] = "*"
        yield Problem(
            "cron-days",
            field,
            f"'{text}' must have ? for either day of month or day of week, but not for both, such as "
            f'"{" ".join(parts)}"',
        )
    elif is_sound and (cron := read_cron(text)) is not None and not _comes(cron):
        yield Problem(
            "cron-never",
            field,
            f"'{text}' never starts the job, since none of its months has such a day; write L for a month's "
            "last day",
            severity="warning",
        )


def _comes(cron: Cron) -> bool:
    return any(cron.days(year, month) for year in sorted(cron.years) for month in cron.months)


def _fits(field: _CronField, item: str) -> bool:
    """Whether one item of a field is within bounds: a value, a range, a step, or a form with L, W or #."""
    day = field.name.startswith("day")
    if item in {"*", "?"}:
        return item == "*" or day
    if day and re.search(r"[LW#]", item.upper()) and re.fullmatch(r"[0-9A-Z#-]+", item.upper()):
        return True
    span, slash, step = item.partition("/")
    if slash and not (step.isdigit() and step.isascii()):
        return False
    if span in {"", "*"}:
        return bool(slash)
    ends = span.split("-")
    return len(ends) <= 2 and all(_is_value(field, end) for end in ends)


def _is_value(field: _CronField, text: str) -> bool:
    if text.upper() in field.words:
        return True
    return text.isdigit() and text.isascii() and field.least <= int(text) <= field.most


def _from_unix(parts: list[str]) -> str | None:
    """Convert the five fields of a Unix crontab, in which Sunday is 0, to the six of EventBridge Scheduler.

    None if both days are given: a crontab line starts on either of them, which takes two schedules.
    """
    minutes, hours, day, month, weekday = parts
    weekday = re.sub(
        r"(?<![\d/])\d+", lambda number: str(int(number[0]) % 7 + 1), weekday
    )  # no step, after a slash
    if weekday == "*":
        weekday = "?"
    elif day == "*":
        day = "?"
    else:
        return None
    return " ".join([minutes, hours, day, month, weekday, "*"])


def _rate(text: str, field: str) -> Iterator[Problem]:
    if is_token(text):
        return
    if re.fullmatch(r"\s*0*[1-9][0-9]*\s+(minute|hour|day)s?\s*", text) is None:
        yield Problem(
            "rate-malformed",
            field,
            f"'{text}' is not a rate; write a number and minutes, hours or days, such as 1 hour or 12 hours",
        )


def _timezone(zone: str, field: str) -> Iterator[Problem]:
    if is_token(zone) or _is_zone("UTC") is False or _is_zone(zone):
        return  # without a time zone database even UTC is unknown: leave the check to AWS
    near = get_close_matches(zone, zoneinfo.available_timezones(), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "write one that is, such as UTC or Europe/Vienna"
    yield Problem("timezone-unknown", field, f"'{zone}' is not in the IANA time zone database; {hint}")


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


_UPLOAD = "triggers.on_upload"
# S3 User Guide, "Naming Amazon S3 objects": bytes of a key, as UTF-8.
_LONGEST_KEY = 1024
# Lambda allows 4 KB for a function's environment (quotas), which also holds names and ARNs.
_LONGEST_UPLOAD_INPUT = 3000


def upload_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check which objects start the job, and that the uploaded objects are its data."""
    upload = spec.triggers.on_upload
    if upload is None:
        return
    if not is_token(upload.prefix) and upload.prefix.startswith(("/", "s3://")):
        yield Problem(
            "upload-prefix-absolute",
            f"{_UPLOAD}.prefix",
            f"{shown(upload.prefix)} must be relative to input.data; write it without that address, such as incoming/",
        )
    yield from _key_length(spec, upload)
    size = len(json.dumps(upload.input, ensure_ascii=False, separators=(",", ":"), default=str).encode())
    if size > _LONGEST_UPLOAD_INPUT:
        yield Problem(
            "upload-input-too-long",
            f"{_UPLOAD}.input",
            f"has {size} bytes as JSON, but only {_LONGEST_UPLOAD_INPUT} fit into the environment of the function that "
            "starts the job; move what all runs share into the job itself",
        )
    if spec.input.data_type == "ManifestFile":
        yield Problem(
            "upload-with-manifest",
            _UPLOAD,
            "can't be combined with input.data_type ManifestFile, since the manifest lists the data, wherever it "
            "is; start the job from whatever writes the manifest, or use triggers.schedule",
        )


def _key_length(spec: JobSpec, upload: UploadSpec) -> Iterator[Problem]:
    """A pattern longer than any key would match nothing, so the job would never start."""
    try:
        before = f"{spec.name}/" if spec.input.data is None else S3Uri.parse(spec.input.data).key
    except InvalidS3UriError:
        return  # reported for input.data
    parts = (before, upload.prefix, upload.suffix)
    length = sum(len(part.encode()) for part in parts)
    if length > _LONGEST_KEY and not any(map(is_token, parts)):
        yield Problem(
            "upload-key-too-long",
            _UPLOAD,
            f"input.data, prefix and suffix have {length} bytes together, but an S3 key has at most "
            f"{_LONGEST_KEY}; shorten them",
        )
