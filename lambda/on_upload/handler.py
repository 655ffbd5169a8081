"""Delays the start of a job after each upload; see `delayed_start`."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

from aws_client import aws_client
from delayed_start import Start, Waiting, delay

_scheduler = aws_client(
    "scheduler",
    CreateSchedule=["ActionAfterCompletion"],
    UpdateSchedule=["ActionAfterCompletion"],
)
_start = Start(
    schedules=tuple(os.environ["SCHEDULES"].split(",")),
    state_machine_arn=os.environ["STATE_MACHINE_ARN"],
    role_arn=os.environ["ROLE_ARN"],
    undelivered_starts_arn=os.environ["LOST_STARTS_ARN"],
    run_input=os.environ["INPUT"],
    quiet_seconds=int(os.environ["QUIET_SECONDS"]),
    retry_seconds=int(os.environ["RETRY_SECONDS"]),
    retries=int(os.environ["RETRIES"]),
)


# Lambda reuses the process for the next events.
_known: Waiting | None = None


def handler(event: dict[str, Any], _context: object) -> None:
    """Delay the start, and log the object and the time of the start as one line of JSON."""
    global _known  # noqa: PLW0603 - the next event needs the result of this one
    _known = delay(_start, _scheduler, datetime.now(UTC), _known)
    key = event["detail"]["object"]["key"]
    line = {"object": key, "schedule": _known.schedule, "starts": _known.at.isoformat()}
    print(json.dumps(line))  # noqa: T201 - the log
