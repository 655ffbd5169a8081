"""How fast a job's last good runs were, in bytes per billed second of one instance: the basis of an estimate."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from batch_transform.runs.aws_calls import aws_calls

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

MOST_RUNS = 5
"""How many good runs are looked at: enough for a median, and few calls."""

_LOOKED_AT = 20
"""How many executions are described to find them: some are skipped runs, or used another instance type."""


@dataclass(frozen=True)
class RunRate:
    """The median rate of `runs` good runs on one instance type, in bytes per billed second of one instance.

    `billed_seconds` is the median time of all their instances. `bytes_per_second` is None if the input of none of them
    could be measured. Start-up is part of the billed time, so a larger input is scored somewhat faster than this.
    """

    runs: int
    bytes_per_second: float | None
    billed_seconds: float


def run_rate(outputs: Iterable[Mapping[str, Any]], instance_type: str) -> RunRate | None:
    """Return the rate of the first MOST_RUNS outputs, newest first, of runs on this instance type; None without any."""
    seconds, rates = [], []
    for output in outputs:
        billed = _seconds(output) * (output.get("InstanceCount") or 0)
        if output.get("InstanceType") != instance_type or billed <= 0:
            continue
        seconds.append(billed)
        if output.get("InputBytes"):
            rates.append(output["InputBytes"] / billed)
        if len(seconds) == MOST_RUNS:
            break
    if not seconds:
        return None
    return RunRate(len(seconds), statistics.median(rates) if rates else None, statistics.median(seconds))


def _seconds(output: Mapping[str, Any]) -> float:
    """Return the billed time of each instance; 0 if it isn't known.

    `BillableTimeInSeconds` adds up several attempts, but rounds a short one to 0.
    """
    if (output.get("Attempts") or 1) > 1:
        return float(output.get("BillableTimeInSeconds") or 0)
    start, end = output.get("TransformStartTime"), output.get("TransformEndTime")
    if not start or not end:
        return 0.0
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def past_outputs(state_machine_arn: str, stepfunctions: SFNClient) -> Iterator[dict[str, Any]]:
    """Yield the outputs of the job's last successful executions, newest first. Raises AwsCallError."""
    with aws_calls():
        listed = stepfunctions.list_executions(
            stateMachineArn=state_machine_arn, statusFilter="SUCCEEDED", maxResults=_LOOKED_AT
        )
    for execution in listed["executions"]:
        with aws_calls():
            described = stepfunctions.describe_execution(executionArn=execution["executionArn"])
        output = json.loads(described.get("output") or "null")
        if isinstance(output, dict):
            yield output
