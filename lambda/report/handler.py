"""Reports on a run that ended: counts of a completed run (`results`), the cause of a failed one (`diagnosis`).

It also stops a transform job that a failed run left running (`left_running`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_client import LONGEST_CALL_SECONDS, aws_client
from batch_transform.job.values.stack_outputs import BAD_RECORDS
from diagnosis import FailedRun, explain
from left_running import EndedRun, stop_left_running
from metrics import metrics_line
from object_listing import read_quickly
from results import CompletedRun, count
from time_budget import TimeBudget

_s3 = aws_client("s3")
read_quickly(_s3)
_logs = aws_client("logs")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Serve one of three callers, which a member of the event identifies.

    - `completed`: the state CountResults, with the members of CompletedRun. Return the run's output.
    - `error`: the state Diagnose, with the members of FailedRun. Return the run's Error and Cause.
    - `ended_badly`: EventBridge, with the detail of the event about the execution's end, and `job`, the job's name.
      Stop a transform job that the run left running. EventBridge doesn't use the result.
    """
    if "ended_badly" in event:
        _stop_left_running(EndedRun(job=event["job"], detail=event["ended_badly"]))
        return None
    budget = TimeBudget.of(context, kept_seconds=LONGEST_CALL_SECONDS)
    if "completed" in event:
        output = count(CompletedRun(**event), _s3, budget)
        # A metric costs, and most runs have no bad records.
        bad_records = {BAD_RECORDS: output.get(BAD_RECORDS) or None}
        _publish(output["ExecutionArn"], {**output, **bad_records})
        return output
    return explain(FailedRun.of(event), _s3, _logs, budget)


def _stop_left_running(run: EndedRun) -> None:
    # Created here: loading SageMaker's model, botocore's largest, would delay the other callers.
    for line in stop_left_running(run, aws_client("sagemaker")):
        print(line)  # noqa: T201  # for the function's log


def _publish(execution_arn: str, numbers: Mapping[str, Any]) -> None:
    line = metrics_line(execution_arn, numbers, datetime.now(UTC))
    if line is not None:
        print(line)  # noqa: T201  # CloudWatch reads it in the log
