"""Keeps the record of a run; see `steps`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aws_client import LONGEST_CALL_SECONDS, aws_client
from ended_run import write_of_ended
from metrics import metrics_line
from object_listing import read_quickly
from retries import continued
from retry_plan import RetryPlan
from run_cost import billed_of_execution, cost_metrics
from run_record import Ending, Record, Run
from run_states import Passed, outcome_of, passed_states
from steps import RecordSteps, now
from time_budget import TimeBudget

_TO_WRITE_SECONDS = 90
"""What a call keeps of its time to write the objects, a million of them."""

_TO_END_SECONDS = 120
"""What the end of a run needs after that: to sum up the objects, and for the record and its page."""

_s3 = aws_client("s3", GetObject=["IfMatch"], PutObject=["IfMatch", "IfNoneMatch"])
read_quickly(_s3)
_sagemaker = aws_client("sagemaker")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve the state machine, whose `step` is `plan_retry` or a method of RecordSteps, or EventBridge.

    EventBridge passes `ended_badly`, the detail of its event. The step `write` returns what the run's output takes from
    the record.
    """
    budget = TimeBudget.of(context, kept_seconds=LONGEST_CALL_SECONDS + _TO_WRITE_SECONDS)
    if "ended_badly" in event:
        said, written = write_of_ended(event, _s3, _sagemaker, _passed, budget.but(_TO_END_SECONDS))
        print(said)  # noqa: T201  # for the function's log
        if written is not None:
            _publish(written)
        return {}
    given = Run(**event["run"])
    if event["step"] == "plan_retry":
        return RetryPlan(
            given, _s3, _sagemaker, lambda arn: outcome_of(arn, aws_client("stepfunctions"))
        ).plan(budget)
    run = continued(given, _s3)
    steps = RecordSteps(run, _s3, _sagemaker, lambda: _passed(run.execution_arn, datetime.now(UTC)))
    if event["step"] == "list_inputs":
        steps.list_inputs(budget)
        return {}
    if event["step"] == "reconcile":
        return steps.reconcile(event["cursor"] or None, budget)
    ending = Ending(end_time=now(), **event["ending"], **_tried(event["tried"]))
    record = steps.write(ending, budget.but(_TO_END_SECONDS))
    _publish(record)
    return {"BillableTimeInSeconds": billed_of_execution(record)}


def _publish(record: Record) -> None:
    line = metrics_line(record["ExecutionArn"], cost_metrics(record), datetime.now(UTC))
    if line is not None:
        print(line)  # noqa: T201  # CloudWatch reads it in the log


def _passed(execution_arn: str, ended: datetime) -> Sequence[Passed]:
    # Created here: only the end of a run needs it.
    return passed_states(execution_arn, aws_client("stepfunctions"), ended)


def _tried(tried: dict[str, Any]) -> dict[str, Any]:
    """Return the attempts, and the instance types that they tried: all of them once the first was tried again."""
    types = tried["instance_types"]
    last = len(types) if tried["capacity_attempt"] > 1 else tried["instance_type_index"] + 1
    return {"attempts": tried["attempts"], "instance_types": types[:last] if tried["attempts"] else []}
