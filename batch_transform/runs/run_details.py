"""Everything that `show` shows about a run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from batch_transform.job.record.names import is_of_record
from batch_transform.job.values.run import CAUSE, NEXT_STEP, run_id
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.execution import Clients
from batch_transform.runs.past_runs import FoundRun, RunSummary, summary_of
from batch_transform.runs.run_jobs import RunJob, own_jobs, run_jobs
from batch_transform.runs.run_record import Record, RunRecords

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

MOST_FILES = 1000
"""The most result objects to list: one page of ListObjectsV2."""


@dataclass(frozen=True)
class PassedState:
    """A state that the run has entered. `left` is None while the run is in it."""

    name: str
    entered: datetime
    left: datetime | None


@dataclass(frozen=True)
class OutputFile:
    """An object that the run wrote, and its size in bytes."""

    uri: str
    size: int


@dataclass(frozen=True)
class RunDetails:
    """A run: `overrides` is the execution's input as given, and `jobs` are the attempts, each with its request.

    `output_path` is None if the run has no transform job. `files` has the first MOST_FILES objects; for a failed run,
    those that SageMaker had finished. `cause` and `next_step` are empty unless the run failed. `record` is the run's
    `_run.json`, if it has one. A run that Step Functions has forgotten has no `states`.
    """

    summary: RunSummary
    overrides: object
    states: list[PassedState]
    jobs: list[RunJob]
    output_path: str | None
    files: list[OutputFile]
    more_files: bool
    cause: str
    next_step: str
    record: Record | None = None


def run_details(
    found: FoundRun, clients: Clients, s3: S3Client, records: RunRecords | None = None
) -> RunDetails:
    """Return what Step Functions, SageMaker, S3 and the run's record know about it. Raises AwsCallError."""
    summary = summary_of(found, clients, records)
    record = found.record or (records.of(found.job, found.run) if records is not None else None)
    with aws_calls():
        if found.record is None:
            overrides, events = _from_step_functions(found, clients)
        else:
            overrides, events = found.record["Input"], []
        jobs = [
            job
            for execution in executions_of(found, record)
            for job in run_jobs(run_id(execution, found.started), clients.sagemaker)
        ]
        output_path = own_jobs(jobs)[-1].output_path if jobs else None
        files, more_files = _files(output_path, s3) if output_path else ([], False)
    cause, next_step = _explanation(summary)
    return RunDetails(
        summary=summary,
        overrides=overrides,
        states=passed_states(events, summary.ended),
        jobs=jobs,
        output_path=output_path,
        files=files,
        more_files=more_files,
        cause=cause,
        next_step=next_step,
        record=record,
    )


def executions_of(found: FoundRun, record: Record | None) -> list[str]:
    """Return the ARNs of the run's execution, and of those that retried it."""
    return [found.execution_arn, *(one["ExecutionArn"] for one in (record or {}).get("Retries", ()))]


def _from_step_functions(found: FoundRun, clients: Clients) -> tuple[object, list[Any]]:
    """Return the execution's input, and the events of its history."""
    described = clients.stepfunctions.describe_execution(executionArn=found.execution_arn)
    pages = clients.stepfunctions.get_paginator("get_execution_history").paginate(
        executionArn=found.execution_arn, includeExecutionData=False
    )
    return json.loads(described.get("input", "{}")), [event for page in pages for event in page["events"]]


def passed_states(events: list[Any], ended: datetime | None) -> list[PassedState]:
    """Return the states in an execution's history, in order: each is left when the next one is entered."""
    entered = [
        (details["name"], event["timestamp"])
        for event in events
        if (details := event.get("stateEnteredEventDetails"))
    ]
    left = [*(moment for _, moment in entered[1:]), ended]
    return [PassedState(name, at, until) for (name, at), until in zip(entered, left, strict=False)]


def _files(output_path: str, s3: S3Client) -> tuple[list[OutputFile], bool]:
    place = S3Uri.parse(output_path)
    page = s3.list_objects_v2(Bucket=place.bucket, Prefix=f"{place.key.rstrip('/')}/", MaxKeys=MOST_FILES)
    prefix = f"{place.key.rstrip('/')}/"
    files = [
        OutputFile(str(S3Uri(place.bucket, entry["Key"])), entry["Size"])
        for entry in page.get("Contents", [])
        if not is_of_record(entry["Key"].removeprefix(prefix))
    ]
    return files, page["IsTruncated"]


def _explanation(summary: RunSummary) -> tuple[str, str]:
    """Return the cause and the next step. A failed run that was diagnosed has its next step in its cause."""
    if summary.status not in CAUSE:
        return "", ""
    cause = summary.cause or CAUSE[summary.status]
    named = [line for line in cause.splitlines() if line.startswith("next step: ")]
    if not named:
        return cause, NEXT_STEP[summary.status]
    kept = [line for line in cause.splitlines() if line not in named]
    return "\n".join(kept), named[0].removeprefix("next step: ")
