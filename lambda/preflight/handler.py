"""The preflight: checks a run before its transform job is created; see `preflight`."""

from __future__ import annotations

from typing import Any

import boto3

from preflight import Run, checked_run
from run_lock import RunLock

_s3 = boto3.client("s3")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the run's variables for the state machine, or fail with every problem of the run."""
    run = Run(**event)
    lock = None
    if run.lock:
        lock = RunLock(run.lock, _s3, boto3.client("stepfunctions"), run.waiting or None)
    return checked_run(run, _s3, lambda: boto3.client("sagemaker"), lock)
