"""The preflight: checks a run before its transform job is created; see `preflight`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from aws_client import LONGEST_CALL_SECONDS, aws_client
from object_listing import read_quickly
from preflight import Run, checked_run
from run_lock import RunLock
from run_prices import Prices
from time_budget import TimeBudget

_s3 = aws_client("s3", PutObject=["IfNoneMatch", "IfMatch"])
read_quickly(_s3)

_LATER_SECONDS = 3 * LONGEST_CALL_SECONDS
"""Kept for what follows the listing: the starts of a hundred objects, the model, the prices and the lock."""

# The Price List is in another region, and a price is no reason to wait long.
_PATIENCE = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
_prices = Prices(
    lambda region: boto3.client("pricing", region_name=region, config=_PATIENCE),
    lambda: datetime.now(UTC).date(),
)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the run's variables for the state machine, or fail with every problem of the run."""
    budget = TimeBudget.of(context, kept_seconds=LONGEST_CALL_SECONDS + _LATER_SECONDS)
    run = Run(**event)
    lock = None
    if run.lock:
        lock = RunLock(run.lock, _s3, aws_client("stepfunctions"), run.waiting or None)
    return checked_run(run, _s3, lambda: aws_client("sagemaker"), lock, prices=_prices, budget=budget)
