"""Compares the shortest and the longest gap with a reference that checks every minute of a month."""

from __future__ import annotations

import calendar
import itertools
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_transform.job.schedule.schedule_gap import longest_gap, longest_wait, shortest_gap
from batch_transform.job.values.job_spec import ScheduleSpec

ZONES = ("UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def plainly_matches(field: str, value: int, least: int, most: int) -> bool:
    """Whether a number is in a field, found by enumeration."""
    for item in field.split(","):
        span, _, step = item.partition("/")
        low, high = (least, most) if span == "*" else (int(span.split("-")[0]), int(span.split("-")[-1]))
        if "/" in item and "-" not in span:
            high = most
        counted = low
        while counted <= high:
            if counted == value:
                return True
            counted += int(step or 1)
    return False


def day_matches(field: str, moment: datetime) -> bool:
    length = calendar.monthrange(moment.year, moment.month)[1]
    month = [moment.replace(day=day) for day in range(1, length + 1)]
    if field == "L":
        return moment.day == length
    if field.endswith("W"):
        wanted = int(field[:-1])
        if wanted > length:
            return False
        workdays = [one.day for one in month if one.weekday() < 5]
        return moment.day == min(workdays, key=lambda day: (abs(day - wanted), day))
    return plainly_matches(field, moment.day, 1, 31)


def weekday_matches(field: str, moment: datetime) -> bool:
    length = calendar.monthrange(moment.year, moment.month)[1]
    name = moment.strftime("%a").upper()
    number = WEEKDAYS.index(name) + 1
    if "#" in field:
        weekday, nth = field.split("#")
        return weekday == name and (moment.day + 6) // 7 == int(nth)
    if re.fullmatch(r"\dL", field):
        return number == int(field[0]) and moment.day + 7 > length
    return name in field.split(",") if field[0].isalpha() else plainly_matches(field, number, 1, 7)


def reference(cron: str, zone: ZoneInfo, month: int) -> tuple[timedelta | None, timedelta | None]:
    """Check every minute of a month of 2027 in the local time of the zone; return the shortest and longest gap."""
    minutes, hours, day, _, weekday, _ = cron.split()
    moment, starts = datetime(2027, month, 1, tzinfo=UTC) - timedelta(days=1), []
    while moment < datetime(2027, month, 1, tzinfo=UTC) + timedelta(days=33):
        local = moment.astimezone(zone)
        if (
            local.month == month
            and not local.fold
            and plainly_matches(minutes, local.minute, 0, 59)
            and plainly_matches(hours, local.hour, 0, 23)
            and (day_matches(day, local) if weekday == "?" else weekday_matches(weekday, local))
        ):
            starts.append(moment)
        moment += timedelta(minutes=1)
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    return min(gaps, default=None), max(gaps, default=None)


def number_fields(most: int) -> st.SearchStrategy[str]:
    numbers = st.integers(0, most)
    return st.one_of(
        st.just("*"),
        numbers.map(str),
        st.lists(numbers, min_size=2, max_size=3).map(lambda these: ",".join(map(str, these))),
        st.tuples(numbers, numbers).map(lambda ends: f"{min(ends)}-{max(ends)}"),
        st.tuples(numbers, st.integers(1, most)).map(lambda parts: f"{parts[0]}/{parts[1]}"),
        st.integers(1, most).map(lambda step: f"*/{step}"),
    )


day_fields = st.one_of(
    st.sampled_from(["*", "L", "1W", "31W", "*/5", "10-20/3", "28,29"]),
    st.integers(1, 31).map(lambda day: f"{day}W"),
)
weekday_fields = st.one_of(
    st.sampled_from(["2-6", "SUN,WED", "1/3", "SAT"]),
    st.tuples(st.sampled_from(WEEKDAYS), st.integers(1, 5)).map(lambda parts: f"{parts[0]}#{parts[1]}"),
    st.integers(1, 7).map(lambda day: f"{day}L"),
)


@settings(deadline=None, max_examples=25)
@given(
    minutes=number_fields(59),
    hours=number_fields(23),
    days=st.one_of(day_fields.map(lambda day: (day, "?")), weekday_fields.map(lambda day: ("?", day))),
    month=st.sampled_from([3, 4, 10, 11, 12]),
    zone=st.sampled_from(ZONES),
)
def test_the_shortest_and_the_longest_gap_are_those_of_the_reference(
    minutes: str, hours: str, days: tuple[str, str], month: int, zone: str
) -> None:
    cron = f"{minutes} {hours} {days[0]} {month} {days[1]} 2027"
    schedule = ScheduleSpec(cron=cron, timezone=zone)
    assert (shortest_gap(schedule), longest_gap(schedule)) == reference(cron, ZoneInfo(zone), month)


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        (ScheduleSpec(rate="1 hour"), timedelta(hours=1)),
        (ScheduleSpec(rate="90 minutes", maximum_window_in_minutes=15), timedelta(minutes=105)),
        (ScheduleSpec(rate="2 days", timezone="Europe/Vienna"), timedelta(days=2)),
        (ScheduleSpec(cron="0 2 * * ? *"), timedelta(days=1)),
        (ScheduleSpec(cron="0 2 * * ? *", maximum_window_in_minutes=30), timedelta(days=1, minutes=30)),
        (ScheduleSpec(cron="0 4 * * ? *", timezone="Europe/Vienna"), timedelta(hours=25)),
        # In March, the clocks skip half past two.
        (ScheduleSpec(cron="30 2 * * ? *", timezone="Europe/Vienna"), timedelta(hours=47)),
        (ScheduleSpec(cron="0 2 ? * MON-FRI *"), timedelta(days=3)),
        (ScheduleSpec(cron="0 2 L * ? *"), timedelta(days=31)),
        (ScheduleSpec(cron="0 2 29 2 ? *"), timedelta(days=4 * 365 + 1)),
        (ScheduleSpec(cron="* * * * ? *"), timedelta(minutes=1)),
        (ScheduleSpec(cron="0 0 1 1 ? 2030,2032"), timedelta(days=2 * 365)),
        (ScheduleSpec(cron="0 0 1 1 ? 2030"), None),
        (ScheduleSpec(cron="0 0 31 2 ? *"), None),
        (ScheduleSpec(cron="never"), None),
        (ScheduleSpec(cron="0 2 * * ? *", timezone="Europe/Wien"), None),
        (ScheduleSpec(cron="${Token[CRON.1]}"), None),
        (ScheduleSpec(rate="${Token[RATE.1]}"), None),
    ],
)
def test_well_known_gaps(schedule: ScheduleSpec, gap: timedelta | None) -> None:
    assert longest_gap(schedule) == gap


def test_the_most_frequent_of_several_schedules_decides() -> None:
    daily, hourly = ScheduleSpec(rate="1 day"), ScheduleSpec(rate="1 hour", enabled=False)
    assert longest_wait((daily, hourly)) == timedelta(days=1)
    assert longest_wait((hourly,)) is None
    assert longest_wait(()) is None


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        (ScheduleSpec(rate="90 minutes", maximum_window_in_minutes=15), timedelta(minutes=90)),
        (ScheduleSpec(cron="0 2,3,7 * * ? *"), timedelta(hours=1)),
        (ScheduleSpec(cron="0 2 ? * MON-FRI *"), timedelta(days=1)),
        (ScheduleSpec(cron="0 23 1,2 * ? *"), timedelta(days=1)),
        (ScheduleSpec(cron="0 4 * * ? *", timezone="Europe/Vienna"), timedelta(hours=23)),
        (ScheduleSpec(cron="0 0 1 1 ? 2030"), None),
        (ScheduleSpec(rate="${Token[RATE.1]}"), None),
    ],
)
def test_well_known_shortest_gaps(schedule: ScheduleSpec, gap: timedelta | None) -> None:
    assert shortest_gap(schedule) == gap
