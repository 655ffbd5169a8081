"""Writes the record of a run that its state machine couldn't write: one that was stopped, timed out, or lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from ended_jobs import ENDED, wait_for_jobs

from batch_transform.job.record.names import OBJECTS_FILE, RUN_FILE
from batch_transform.job.values.run import CAUSE, run_id
from record_files import RecordFiles, S3Client, is_written_meanwhile
from retries import continued, holder
from run_jobs import SageMakerClient
from run_record import Ending, Record, Run, iso
from run_states import Passed
from steps import RecordSteps
from time_budget import TimeBudget

_LONGEST_WAIT_SECONDS = 600.0
_MOST_TRIES = 3
_OUTCOMES = {"FAILED": "Failed", "TIMED_OUT": "TimedOut", "ABORTED": "Aborted"}


def write_of_ended(
    event: Mapping[str, Any],
    s3: S3Client,
    sagemaker: SageMakerClient,
    states: Callable[[str, datetime], Sequence[Passed]],
    budget: TimeBudget,
) -> tuple[str, Record | None]:
    """Write the record of the execution in `ended_badly`, an event's detail, unless its state machine has written it.

    It is also written again if it has transform jobs that had not ended: how long they ran is known only now.

    `job`, `job_file`, `output`, `reconcile`, `leaves_out` and `details` are those of Run. `states` returns the states
    that an execution had passed when it ended. `budget` is for matching its objects. Return a line for the log, and
    the record if it was written here.
    """
    detail = event["ended_badly"]
    began = datetime.fromtimestamp(detail["startDate"] / 1000, UTC)
    run = Run(
        job=event["job"],
        job_file=event["job_file"],
        run_id=run_id(detail["executionArn"], began),
        execution_arn=detail["executionArn"],
        start_time=iso(began),
        input=_input_of(detail),
        output=event["output"],
        reconcile=event["reconcile"],
        leaves_out=event["leaves_out"],
        details=event["details"],
    )
    own = replace(run, run_id=_id_in_output(run, began, s3))
    run = continued(own, s3)
    ended = datetime.fromtimestamp(detail["stopDate"] / 1000, UTC)
    status = detail["status"]
    ending = Ending(
        outcome=_OUTCOMES[status],
        end_time=iso(ended),
        error=detail.get("error"),
        cause=detail.get("cause") or CAUSE[status],
    )
    files = RecordFiles.below(run.output, run.run_id, s3)
    steps = RecordSteps(run, s3, sagemaker, lambda: states(run.execution_arn, ended))
    if (known := _known(run, files)) is not None:
        return _with_ended_jobs(steps, files, budget) or (
            f"run {run.run_id}: the state machine has written its record: {known}",
            None,
        )
    wait_for_jobs(run.execution_arn, sagemaker, most_seconds=_LONGEST_WAIT_SECONDS)
    # The call that the run was stopped in may still be writing: what it knows of the end stays, and what it knows of
    # the start is replaced.
    for _ in range(_MOST_TRIES):
        record, version = files.read_version(RUN_FILE)
        if (known := _known(run, files, record)) is not None:
            return f"run {run.run_id}: the state machine has written its record meanwhile: {known}", None
        condition = {"IfMatch": version} if version else {"IfNoneMatch": "*"}
        try:
            written = steps.write(ending, budget, **condition)
        except ClientError as error:
            if not is_written_meanwhile(error):
                raise
            refused = error
        else:
            return f"run {run.run_id}: wrote its record: {ending.outcome}", written
    raise refused  # Lambda calls the function again


def _known(run: Run, files: RecordFiles, record: Mapping[str, Any] | None = None) -> str | None:
    """Return what the record says of the run's end; None if nothing yet."""
    record = files.read(RUN_FILE) if record is None else record
    if record is None:
        return None
    if holder(record) != run.execution_arn:
        return f"it is retried by {holder(record)}"
    outcome: str | None = record["Outcome"]
    return outcome


def _with_ended_jobs(steps: RecordSteps, files: RecordFiles, budget: TimeBudget) -> tuple[str, Record] | None:
    """Write a record again whose transform jobs have ended since; None if they had, or if the run is retried."""
    record, version = files.read_version(RUN_FILE)
    if record is None or holder(record) != steps.run.execution_arn:
        return None
    if all(job["TransformJobStatus"] in ENDED for job in record["TransformJobs"]):
        return None
    wait_for_jobs(steps.run.execution_arn, steps.sagemaker, most_seconds=_LONGEST_WAIT_SECONDS)
    retries = record.get("Retries")
    ending = Ending(
        outcome=record["Outcome"],
        end_time=record["EndTime"],
        error=record["Error"],
        cause=record["Cause"],
        attempts=retries[-1]["Attempts"] if retries else record["Attempts"],
        instance_types=() if retries else record["InstanceTypes"],
    )
    written = steps.write(ending, budget, IfMatch=version)
    return f"run {steps.run.run_id}: its transform jobs have ended: wrote its record again", written


def _id_in_output(run: Run, began: datetime, s3: S3Client) -> str:
    """Return the id below which the run has written.

    The state machine takes the time in it from its own clock, and the event from another: they may be a second apart.
    """
    for seconds in (0, -1, 1):
        candidate = run_id(run.execution_arn, began + timedelta(seconds=seconds))
        if RecordFiles.below(run.output, candidate, s3).exists(OBJECTS_FILE):
            return candidate
    return run.run_id


def _input_of(detail: Mapping[str, Any]) -> Any:
    """Return the execution's input. An event leaves out one that is too long (Developer Guide, EventBridge events)."""
    given = detail.get("input")
    return None if given is None else json.loads(given)
