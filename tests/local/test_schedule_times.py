from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from batch_transform.local.schedule_times import Clock, times_of

NOON = datetime(2027, 1, 1, 12, 0, 30, tzinfo=UTC)


def starts(count: int, made: datetime = NOON, **schedule: Any) -> list[str]:
    """Return the first starts of a schedule: only the time on the day of its creation, date and time on later days."""
    times = times_of({name[0].upper() + name[1:]: value for name, value in schedule.items()})
    found: list[datetime] = []
    start = times.first(made)
    while start is not None and len(found) < count:
        found.append(start)
        start = times.following(start, made=made)
    return [f"{one:%H:%M:%S}" if one.date() == NOON.date() else f"{one:%Y-%m-%dT%H:%M}" for one in found]


def test_a_rate_without_a_start_date_starts_at_once() -> None:
    assert starts(3, scheduleExpression="rate(10 minutes)") == ["12:00:30", "12:10:30", "12:20:30"]


def test_a_rate_counts_from_its_start_date() -> None:
    found = starts(2, scheduleExpression="rate(2 hours)", startDate="2027-01-01T15:00:00Z")
    assert found == ["15:00:00", "17:00:00"]


def test_a_rate_with_a_past_start_date_keeps_its_rhythm() -> None:
    found = starts(2, scheduleExpression="rate(1 hour)", startDate="2027-01-01T09:15:00Z")
    assert found == ["12:15:00", "13:15:00"]


def test_cron_is_read_in_the_schedules_time_zone() -> None:
    found = starts(2, scheduleExpression="cron(0 2 * * ? *)", scheduleExpressionTimezone="Europe/Vienna")
    assert found == ["2027-01-02T01:00", "2027-01-03T01:00"]


def test_start_and_end_dates_bound_the_starts() -> None:
    found = starts(
        9,
        scheduleExpression="cron(0 * * * ? *)",
        startDate="2027-01-01T15:30:00Z",
        endDate=datetime(2027, 1, 1, 17, 0, tzinfo=UTC).timestamp(),
    )
    assert found == ["16:00:00", "17:00:00"]


def test_a_one_time_schedule_is_one_start_in_its_time_zone() -> None:
    for expression, start in (
        ("at(2027-01-01T14:00:00)", "13:00:00"),
        ("at(2027-01-01T10:00:00)", "09:00:00"),
    ):
        found = starts(5, scheduleExpression=expression, scheduleExpressionTimezone="Europe/Vienna")
        assert found == [start]


@pytest.mark.parametrize(
    "expression",
    ["cron(0 2 * * *)", "rate(0 hours)", "rate(1 week)", "at(tomorrow)", "hourly", "every(1 hour)"]
    + [
        f"at({moment})"
        for moment in ("2027-01-01", "20270101T100000", "2027-01-01T10:00:00Z", "2027-01-01T24:00:00")
    ],
)
def test_an_expression_that_the_scheduler_cannot_read_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="Invalid Schedule Expression"):
        times_of({"ScheduleExpression": expression})


@pytest.mark.parametrize("date", ["tomorrow", "2027-01-01", "2027-01-01T24:00:00Z", "2027-01-01T00:00:00z"])
def test_a_date_that_is_not_a_moment_in_utc_is_refused(date: str) -> None:
    with pytest.raises(ValueError, match=f"Invalid date {date}"):
        times_of({"ScheduleExpression": "rate(1 hour)", "EndDate": date})


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="Europe/Wien"):
        times_of({"ScheduleExpression": "rate(1 hour)", "ScheduleExpressionTimezone": "Europe/Wien"})


def test_a_faster_clock_runs_from_the_creation_of_the_schedule() -> None:
    clock = Clock(NOON, 0.1)
    assert clock.time(NOON) == NOON
    assert clock.time(NOON + timedelta(seconds=6)) == NOON + timedelta(minutes=1)
