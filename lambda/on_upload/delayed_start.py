"""The start of a job, put off until no more data come.

A one-time schedule stands for it, and each upload moves that on. A schedule that is about to start, or
just does, is left alone: whether EventBridge Scheduler removes it, or starts what it was moved to, nobody
documents. Its upload then takes the second of two names. So no upload is without a start after it, and at
worst one that came within the last seconds is scored by two runs, which the job's overlap guard keeps apart.
Events that come twice, late or at the same moment change nothing: all lead to the same minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import ClientError

ABOUT_TO_START = timedelta(seconds=10)
_FORMAT = "at(%Y-%m-%dT%H:%M:%S)"
_LOOKS = 3


class SchedulerClient(Protocol):
    """What it needs of boto3's client for EventBridge Scheduler."""

    def get_schedule(self, *, Name: str) -> Any:
        """As boto3 has it."""

    def create_schedule(self, **request: Any) -> Any:
        """As boto3 has it."""

    def update_schedule(self, **request: Any) -> Any:
        """As boto3 has it."""


class BusyError(Exception):
    """When all names are of schedules that just start, or others moved them meanwhile. Lambda tries again."""


@dataclass(frozen=True)
class Start:
    """`schedules` are the names that the one-time schedule may have, `run_input` the run's input as JSON."""

    schedules: tuple[str, ...]
    state_machine_arn: str
    role_arn: str
    undelivered_starts_arn: str
    run_input: str
    quiet_seconds: int
    retry_seconds: int
    retries: int

    def at(self, now: datetime) -> datetime:
        """When the job starts if nothing more comes: the next full minute, as the Scheduler is exact to it.

        So uploads of one minute ask for one change and not for thousands.
        """
        quiet_until = now + timedelta(seconds=self.quiet_seconds)
        return quiet_until.replace(second=0, microsecond=0) + timedelta(minutes=1)

    def request(self, name: str, at: datetime) -> dict[str, Any]:
        """Return the schedule as CreateSchedule and UpdateSchedule take it, which replace it as a whole."""
        return {
            "Name": name,
            "Description": "Starts a batch transform job after uploads; removed when it has",
            "ScheduleExpression": at.strftime(_FORMAT),
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {
                "Arn": self.state_machine_arn,
                "RoleArn": self.role_arn,
                "Input": self.run_input,
                "DeadLetterConfig": {"Arn": self.undelivered_starts_arn},
                "RetryPolicy": {
                    "MaximumEventAgeInSeconds": self.retry_seconds,
                    "MaximumRetryAttempts": self.retries,
                },
            },
        }


@dataclass(frozen=True)
class Waiting:
    """A schedule that is there, and when it starts the job."""

    schedule: str
    at: datetime


def put_off(start: Start, scheduler: SchedulerClient, now: datetime, known: Waiting | None = None) -> Waiting:
    """Make sure that the job starts once the quiet period after `now` is over; return by which schedule, and when.

    `known` is what an earlier call returned: while that is late enough nothing is asked, so that a burst of
    uploads stays below the Scheduler's rates. Raises BusyError, and what boto3 raises.
    """
    at = start.at(now)
    if known is not None and known.at >= at:
        return known
    for _ in range(_LOOKS):
        waiting = {name: _when(name, scheduler) for name in start.schedules}
        ahead = {name: when for name, when in waiting.items() if when and when > now + ABOUT_TO_START}
        free = [name for name, when in waiting.items() if when is None]
        try:
            for name, when in ahead.items():
                if when < at:
                    scheduler.update_schedule(**start.request(name, at))
                return Waiting(name, max(when, at))
            if free:
                scheduler.create_schedule(**start.request(free[0], at))
                return Waiting(free[0], at)
        except ClientError as error:
            # Another upload made it, or it has started and is gone: look again.
            if error.response["Error"]["Code"] not in {"ConflictException", "ResourceNotFoundException"}:
                raise
    raise BusyError(f"{', '.join(start.schedules)} are starting or being changed")


def _when(name: str, scheduler: SchedulerClient) -> datetime | None:
    try:
        schedule = scheduler.get_schedule(Name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return datetime.strptime(schedule["ScheduleExpression"], _FORMAT).replace(tzinfo=UTC)
