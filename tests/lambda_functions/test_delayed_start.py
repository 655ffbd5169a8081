from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from delayed_start import ABOUT_TO_START, BusyError, Start, Waiting, delay

NOON = datetime(2027, 1, 1, 12, 0, 30, tzinfo=UTC)
START = Start(
    schedules=("demo-a", "demo-b"),
    state_machine_arn="arn:aws:states:eu-west-1:123456789012:stateMachine:demo",
    role_arn="arn:aws:iam::123456789012:role/demo",
    undelivered_starts_arn="arn:aws:sqs:eu-west-1:123456789012:lost",
    run_input='{"transform.max_payload": 1}',
    quiet_seconds=60,
    retry_seconds=3600,
    retries=10,
)


class Scheduler:
    """EventBridge Scheduler as far as its API reference goes; `between` runs once, before the first change."""

    def __init__(self, **schedules: datetime) -> None:
        self.schedules: dict[str, dict[str, Any]] = {
            name.replace("_", "-"): START.request(name.replace("_", "-"), at)
            for name, at in schedules.items()
        }
        self.changes = 0
        self.between: Callable[[], object] = lambda: None

    def get_schedule(self, *, Name: str) -> Any:  # noqa: N803 - AWS's
        return self._existing(Name, "GetSchedule")

    def create_schedule(self, **request: Any) -> Any:
        self._change()
        if request["Name"] in self.schedules:
            raise _error("ConflictException", "CreateSchedule")
        self.schedules[request["Name"]] = request

    def update_schedule(self, **request: Any) -> Any:
        self._change()
        self._existing(request["Name"], "UpdateSchedule")
        self.schedules[request["Name"]] = request

    @property
    def starts(self) -> dict[str, str]:
        return {name: schedule["ScheduleExpression"] for name, schedule in sorted(self.schedules.items())}

    def _change(self) -> None:
        self.changes += 1
        between, self.between = self.between, lambda: None
        between()

    def _existing(self, name: str, operation: str) -> dict[str, Any]:
        if name not in self.schedules:
            raise _error("ResourceNotFoundException", operation)
        return self.schedules[name]


def _error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, operation)


def minute(number: int) -> datetime:
    return NOON.replace(minute=number, second=0)


def test_the_first_upload_starts_the_job_at_the_full_minute_after_the_quiet_period() -> None:
    scheduler = Scheduler()
    assert delay(START, scheduler, NOON) == Waiting("demo-a", minute(2))
    started = scheduler.schedules["demo-a"]["Target"].pop("Input")
    assert json.loads(started) == {
        "StateMachineArn": START.state_machine_arn,
        "Name": "upload-<aws.scheduler.execution-id>",
        "Input": '{"transform.max_payload": 1}',
    }
    assert scheduler.schedules["demo-a"] == {
        "Name": "demo-a",
        "Description": "Starts a batch transform job after uploads; deleted after that",
        "ScheduleExpression": "at(2027-01-01T12:02:00)",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
            "RoleArn": START.role_arn,
            "DeadLetterConfig": {"Arn": START.undelivered_starts_arn},
            "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10},
        },
    }


def test_uploads_of_the_same_minute_change_nothing_more() -> None:
    scheduler = Scheduler()
    for second in range(30):
        delay(START, scheduler, NOON + timedelta(seconds=second % 29))
    assert scheduler.starts == {"demo-a": "at(2027-01-01T12:02:00)"}
    assert scheduler.changes == 1


def test_no_call_is_made_while_the_start_of_an_earlier_upload_is_late_enough() -> None:
    scheduler = Scheduler()
    known = delay(START, scheduler, NOON)
    scheduler.schedules.clear()  # a call would find nothing
    assert delay(START, scheduler, NOON + timedelta(seconds=29), known) == known
    assert scheduler.starts == {}
    assert delay(START, scheduler, NOON + timedelta(seconds=30), known) == Waiting("demo-a", minute(3))


def test_a_later_upload_puts_the_start_off() -> None:
    scheduler = Scheduler(demo_a=minute(2))
    assert delay(START, scheduler, NOON + timedelta(seconds=45)) == Waiting("demo-a", minute(3))
    assert scheduler.starts == {"demo-a": "at(2027-01-01T12:03:00)"}


def test_an_event_that_comes_late_brings_no_start_forward() -> None:
    scheduler = Scheduler(demo_a=minute(9))
    assert delay(START, scheduler, NOON) == Waiting("demo-a", minute(9))
    assert scheduler.changes == 0


@pytest.mark.parametrize("seconds", [-70, -1, 0, 9])
def test_a_schedule_that_starts_or_is_about_to_is_left_alone(seconds: int) -> None:
    at = minute(1)
    scheduler = Scheduler(demo_a=at)
    delay(START, scheduler, at - timedelta(seconds=seconds))
    assert scheduler.starts["demo-a"] == "at(2027-01-01T12:01:00)"
    assert set(scheduler.starts) == {"demo-a", "demo-b"}


def test_the_second_name_is_moved_while_the_first_is_still_there() -> None:
    scheduler = Scheduler(demo_a=minute(0), demo_b=minute(2))
    assert delay(START, scheduler, NOON + timedelta(seconds=45)) == Waiting("demo-b", minute(3))
    assert scheduler.starts == {"demo-a": "at(2027-01-01T12:00:00)", "demo-b": "at(2027-01-01T12:03:00)"}


def test_of_two_uploads_at_the_same_moment_one_makes_the_schedule() -> None:
    scheduler = Scheduler()
    scheduler.between = lambda: scheduler.schedules.update({"demo-a": START.request("demo-a", minute(2))})
    assert delay(START, scheduler, NOON) == Waiting("demo-a", minute(2))
    assert scheduler.starts == {"demo-a": "at(2027-01-01T12:02:00)"}


def test_a_schedule_that_goes_while_it_is_moved_is_created_again() -> None:
    scheduler = Scheduler(demo_a=NOON + ABOUT_TO_START + timedelta(seconds=1))
    scheduler.between = scheduler.schedules.clear
    assert delay(START, scheduler, NOON) == Waiting("demo-a", minute(2))
    assert scheduler.starts == {"demo-a": "at(2027-01-01T12:02:00)"}


def test_fails_while_both_are_starting_so_that_lambda_tries_again() -> None:
    scheduler = Scheduler(demo_a=minute(0), demo_b=NOON)
    with pytest.raises(BusyError, match="demo-a, demo-b"):
        delay(START, scheduler, NOON)


def test_any_other_error_of_the_scheduler_is_raised() -> None:
    scheduler = Scheduler()

    def refuse() -> None:
        raise _error("AccessDeniedException", "CreateSchedule")

    scheduler.between = refuse
    with pytest.raises(ClientError, match="AccessDenied"):
        delay(START, scheduler, NOON)


@given(
    gaps=st.lists(st.tuples(st.integers(0, 150), st.integers(0, 2)), min_size=1, max_size=30),
)
def test_every_upload_has_a_start_after_its_quiet_period_and_starts_are_no_more_than_pauses(
    gaps: list[tuple[int, int]],
) -> None:
    scheduler = Scheduler()
    now, uploads, started = NOON, [], []
    processes: dict[int, Waiting] = {}
    for gap, process in gaps:
        now += timedelta(seconds=gap)
        started += _run_until(scheduler, now)
        processes[process] = delay(START, scheduler, now, processes.get(process))
        uploads.append(now)
    started += _run_until(scheduler, now + timedelta(minutes=10))
    quiet = timedelta(seconds=START.quiet_seconds)
    assert all(any(start >= upload + quiet for start in started) for upload in uploads)
    pauses = sum(later - earlier >= quiet - ABOUT_TO_START for earlier, later in itertools.pairwise(uploads))
    assert len(started) <= pauses + 1
    assert scheduler.schedules == {}


def _run_until(scheduler: Scheduler, now: datetime) -> list[datetime]:
    """Start what is due, and remove it."""
    due = {}
    for name, schedule in scheduler.schedules.items():
        at = datetime.strptime(schedule["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
        if at <= now:
            due[name] = at
    for name in due:
        del scheduler.schedules[name]
    return sorted(due.values())
