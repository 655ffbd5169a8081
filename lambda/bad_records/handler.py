"""Finds the bad records of a run and leaves them out: plans the rounds (`rounds`), puts the results together
(`collecting`), and deletes the sections (`left_sections`).
"""

from __future__ import annotations

import os
from typing import Any

from bucket_store import BucketStore
from collecting import Collecting
from left_sections import delete_of_ended, delete_of_run
from rounds import Rounds
from section_run import SectionRun

from aws_client import aws_client

_s3 = aws_client("s3")
_logs = aws_client("logs")
_states = aws_client("stepfunctions")
_TO_DELETE_SECONDS = 300
"""Kept to delete sections: some ten thousand a round are a few dozen calls."""

_scratch = {"Bucket": os.environ["SECTIONS_BUCKET"], "Key": os.environ["SECTIONS_PREFIX"]}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Serve one of four callers, which a member of the event identifies.

    - `step` Plan: the state PlanSections, with `execution`, its ARN, and the members of SectionRun. See
      `Rounds.next_step`.
    - `step` Collect: the state CollectSections, with the same. See `Collecting.next_step`.
    - `step` Delete: the state DeleteSections, with `run`.
    - `ended_badly`: EventBridge, with the detail of the event about the execution's end. Deletes the sections that the
      run left. EventBridge doesn't use the result.
    """

    def time_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    if "ended_badly" in event:
        execution = event["ended_badly"]["executionArn"]
        # Created here: loading SageMaker's model, botocore's largest, would delay the other callers.
        sagemaker, wait = aws_client("sagemaker"), time_left() - _TO_DELETE_SECONDS
        delete_of_ended(execution, BucketStore(_s3), _scratch, sagemaker, most_seconds=wait)
        return None
    step = event.pop("step")
    if step == "Delete":
        delete_of_run(event["run"], BucketStore(_s3), _scratch)
        return None
    execution = event.pop("execution")
    run = SectionRun(**event, scratch=_scratch)
    store = BucketStore(_s3, run.kms_key)
    try:
        if step == "Plan":
            return Rounds(run, store, _logs, time_left).next_step()
        return Collecting(run, store, time_left).next_step()
    finally:
        # Lambda doesn't stop a call with its execution: it may write after the sections were deleted.
        if _has_ended(execution):
            delete_of_run(run.run, BucketStore(_s3), _scratch)


def _has_ended(execution: str) -> bool:
    """Return whether the execution is known to have ended. Another interpreter's isn't known: its sections stay."""
    try:
        return bool(_states.describe_execution(executionArn=execution)["status"] != "RUNNING")
    except _states.exceptions.ExecutionDoesNotExist:
        return False
