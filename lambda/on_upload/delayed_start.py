"""The start of a job, delayed until uploads have stopped.

The start is a one-time schedule, which each upload moves to a later time. A schedule that is starting, or about to, is
left alone: whether EventBridge Scheduler would delete it, or start it at the new time, isn't documented. The upload
then uses the second of two schedule names. So every upload is followed by a start. At worst, two runs score an upload
of the last seconds, and `workflow.overlapping_runs` keeps them apart. Duplicate, late and simultaneous events change
nothing: they all lead to the same minute.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import ClientError

ABOUT_TO_START = timedelta(seconds=10)
NAME = "upload-<aws.scheduler.execution-id>"
"""The name of the execution. The Scheduler delivers at least once, and its execution id makes that one run."""

_FORMAT = "at(%Y-%m-%dT%H:%M:%S)"
_TRIES = 3


class SchedulerClient(Protocol):
    """The part of boto3's EventBridge Scheduler client that is used here."""

    def get_schedule(self, *, Name: str) -> Any:
        """As boto3 has it."""

    def create_schedule(self, **request: Any) -> Any:
        """As boto3 has it."""

    def update_schedule(self, **request: Any) -> Any:
        """As boto3 has it."""


class BusyError(Exception):
    """When all schedules are starting or being changed by other events. Lambda retries."""


@dataclass(frozen=True)
class Start:
    """`schedules` are the possible names of the one-time schedule; `run_input` is the run's input as JSON."""

    schedules: tuple[str, ...]
    state_machine_arn: str
    role_arn: str
    undelivered_starts_arn: str
    run_input: str
    quiet_seconds: int
    retry_seconds: int
    retries: int

    def at(self, now: datetime) -> datetime:
        """When the job starts if no more uploads arrive: a full minute, the precision of EventBridge Scheduler.

        So thousands of uploads within a minute need only one change of the schedule.
        """
        quiet_until = now + timedelta(seconds=self.quiet_seconds)
        return quiet_until.replace(second=0, microsecond=0) + timedelta(minutes=1)

    def request(self, name: str, at: datetime) -> dict[str, Any]:
        """Return the arguments of CreateSchedule and UpdateSchedule, which replace the whole schedule."""
        return {
            "Name": name,
            "Description": "Starts a batch transform job after uploads; deleted after that",
            "ScheduleExpression": at.strftime(_FORMAT),
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {
                "Arn": f"arn:{self.state_machine_arn.split(':')[1]}:scheduler:::aws-sdk:sfn:startExecution",
                "RoleArn": self.role_arn,
                "Input": json.dumps(
                    {"StateMachineArn": self.state_machine_arn, "Name": NAME, "Input": self.run_input}
                ),
                "DeadLetterConfig": {"Arn": self.undelivered_starts_arn},
                "RetryPolicy": {
                    "MaximumEventAgeInSeconds": self.retry_seconds,
                    "MaximumRetryAttempts": self.retries,
                },
            },
        }


@dataclass(frozen=True)
class Waiting:
    """A schedule that exists, and when it starts the job."""

    schedule: str
    at: datetime


def delay(start: Start, scheduler: SchedulerClient, now: datetime, known: Waiting | None = None) -> Waiting:
    """Make sure that the job starts once the quiet period after `now` is over. Return the schedule and the time.

    `known` is the result of an earlier call. If that is late enough, no call is made, so a burst of uploads stays
    below EventBridge Scheduler's rate limits. Raises BusyError, and the errors of boto3.
    """
    at = start.at(now)
    if known is not None and known.at >= at:
        return known
    for _ in range(_TRIES):
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
            # Another upload created it, or it has started and was deleted: check again.
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
