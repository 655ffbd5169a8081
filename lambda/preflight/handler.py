"""The preflight: checks a run before its transform job is created; see `preflight`."""

from __future__ import annotations

from typing import Any

from aws_client import LONGEST_CALL_SECONDS, aws_client
from object_listing import read_quickly
from preflight import Run, checked_run
from run_lock import RunLock
from time_budget import TimeBudget

_s3 = aws_client("s3", PutObject=["IfNoneMatch", "IfMatch"])
read_quickly(_s3)

_LATER_SECONDS = 2 * LONGEST_CALL_SECONDS
"""Kept for what follows the listing: the starts of a hundred objects, the model and the lock."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the run's variables for the state machine, or fail with every problem of the run."""
    budget = TimeBudget.of(context, kept_seconds=LONGEST_CALL_SECONDS + _LATER_SECONDS)
    run = Run(**event)
    lock = None
    if run.lock:
        lock = RunLock(run.lock, _s3, aws_client("stepfunctions"), run.waiting or None)
    return checked_run(run, _s3, lambda: aws_client("sagemaker"), lock, budget)
