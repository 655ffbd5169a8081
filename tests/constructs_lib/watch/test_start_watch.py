from __future__ import annotations

from datetime import timedelta

import pytest

from batch_transform.job.values.job_spec import JobSpec, ModelSpec, MonitoringSpec, ScheduleSpec, TriggersSpec
from batch_transform_cdk.watch.start_watch import NotWatched, StartWatch, start_watch


def _job(*schedules: ScheduleSpec, starts_within_hours: int | None = None) -> JobSpec:
    return JobSpec(
        name="j",
        model=ModelSpec(existing="m"),
        triggers=TriggersSpec(schedule=schedules),
        monitoring=MonitoringSpec(starts_within_hours=starts_within_hours),
    )


@pytest.mark.parametrize(
    ("schedule", "period", "periods"),
    [
        (ScheduleSpec(rate="5 minutes"), timedelta(minutes=5), 2),
        (ScheduleSpec(rate="6 hours"), timedelta(minutes=5), 73),
        (ScheduleSpec(cron="0 2 * * ? *"), timedelta(hours=1), 25),
        (ScheduleSpec(cron="0 5 * * ? *", timezone="Europe/Vienna"), timedelta(hours=1), 26),
        (ScheduleSpec(cron="0 2 * * ? *", timezone="Europe/Vienna"), timedelta(hours=1), 48),
        (ScheduleSpec(cron="0 2 ? * MON-FRI *"), timedelta(hours=1), 73),
        (ScheduleSpec(cron="0 2 ? * MON *"), timedelta(hours=1), 168),
        (ScheduleSpec(cron="0 2 ? * MON *", timezone="Europe/Vienna"), timedelta(hours=1), 168),
    ],
)
def test_the_window_is_the_longest_gap_and_one_period(
    schedule: ScheduleSpec, period: timedelta, periods: int
) -> None:
    assert start_watch(_job(schedule)) == StartWatch(period=period, periods=periods)


def test_no_window_is_longer_than_cloudwatch_takes() -> None:
    for hours in range(1, 169):
        watch = start_watch(_job(starts_within_hours=hours))
        assert isinstance(watch, StartWatch)
        assert watch.window >= timedelta(hours=hours)
        longest = timedelta(days=7) if watch.period >= timedelta(hours=1) else timedelta(days=1)
        assert watch.window <= longest
        assert 1 <= watch.warm_up_minutes <= 2880


def test_the_job_file_wins_over_its_schedules() -> None:
    schedule = ScheduleSpec(cron="0 2 1 * ? *")
    watch = start_watch(_job(schedule, starts_within_hours=24))
    assert watch == StartWatch(period=timedelta(hours=1), periods=25)


def test_the_schedule_that_starts_most_often_is_watched() -> None:
    monthly, daily = ScheduleSpec(cron="0 2 1 * ? *", name="m"), ScheduleSpec(rate="1 day", name="d")
    assert start_watch(_job(monthly, daily)) == StartWatch(period=timedelta(hours=1), periods=25)


@pytest.mark.parametrize("schedules", [(), (ScheduleSpec(rate="1 hour", enabled=False),)])
def test_no_alarm_and_no_warning_where_no_start_is_due(
    schedules: tuple[ScheduleSpec, ...],
) -> None:
    assert start_watch(_job(*schedules)) == NotWatched("")


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        (ScheduleSpec(cron="0 2 1 * ? *"), "cron(0 2 1 * ? *) may go 31 days without a start"),
        (ScheduleSpec(rate="30 days"), "rate(30 days) may go 30 days without a start"),
        (ScheduleSpec(rate="1 day", end_date="2030-01-01T00:00:00Z"), "have an end_date"),
    ],
)
def test_what_cannot_be_watched_has_a_reason(schedule: ScheduleSpec, reason: str) -> None:
    watch = start_watch(_job(schedule))
    assert isinstance(watch, NotWatched)
    assert reason in watch.reason
