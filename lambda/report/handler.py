"""Reports on a run that ended: counts of a completed one (`results`), the reason of a failed one (`diagnosis`)."""

from __future__ import annotations

from typing import Any

import boto3

from diagnosis import FailedRun, explain
from results import CompletedRun, count

_s3 = boto3.client("s3")
_logs = boto3.client("logs")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the output of a completed run, or the Error and the Cause that a failed one ends with."""
    if "completed" in event:
        return count(CompletedRun(**event), _s3)
    return explain(FailedRun(**event), _s3, _logs)
