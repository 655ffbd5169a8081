"""Reports on a run that ended: counts of a completed one (`results`), the reason of a failed one (`diagnosis`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import boto3
from metrics_line import instance_seconds, metrics_line

from diagnosis import FailedRun, explain, seconds_of
from results import CompletedRun, count

_s3 = boto3.client("s3")
_logs = boto3.client("logs")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the output of a completed run, or the Error and the Cause that a failed one ends with."""
    instances = event["request"]["TransformResources"]["InstanceCount"]
    if "completed" in event:
        output = count(CompletedRun(**event), _s3)
        took = instance_seconds(output["BillableTimeInSeconds"], instances)
        _publish(output["ExecutionArn"], {**output, **took})
        return output
    run = FailedRun(**event)
    _publish(run.execution_arn, instance_seconds(seconds_of(run), instances))
    return explain(run, _s3, _logs)


def _publish(execution_arn: str, numbers: Mapping[str, Any]) -> None:
    line = metrics_line(execution_arn, numbers, datetime.now(timezone.utc))
    if line is not None:
        print(line)  # noqa: T201  # CloudWatch reads it in the log
