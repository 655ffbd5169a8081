"""Starts an execution of a job's state machine, and follows it until it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from batch_transform.job.errors import AwsCallError, FollowError
from batch_transform.job.values.run import execution_hash, round_of, run_id
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.run_jobs import record_counts
from batch_transform.runs.run_output import RunOutput

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_sagemaker.client import SageMakerClient
    from mypy_boto3_stepfunctions.client import SFNClient

_SHORTEST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 10.0
_PAUSE_PER_SECOND = 0.05
"""The pause between two polls is a twentieth of the run's time so far: a long run needs few calls."""


@dataclass(frozen=True)
class StateEntered:
    """The state machine entered a state."""

    name: str


@dataclass(frozen=True)
class TransformJobProgress:
    """The progress of a transform job. Counts are None on AWS, which doesn't report them.

    `starting` is what the local AWS's container does before it serves, such as installing packages. `seconds` is the
    time from the job's start until now, or until its end; from its creation, if it hasn't started (`has_started`).
    `elapsed` is the time from the run's start. `round` is the round of a run that looks for bad records, whose sections
    of objects the job scores; 0 for the run's own data. `data_processing`, `accept` and `assembles_lines` are the
    job's settings after the run's overrides. `counts` has everything that the local AWS counts, with the names of the
    engine's `Progress`.
    """

    name: str
    status: str
    records: int | None
    files: int | None
    seconds: float
    data_processing: Mapping[str, str]
    accept: str | None
    starting: str | None = None
    assembles_lines: bool = True
    counts: Mapping[str, Any] = field(default_factory=dict)
    has_started: bool = True
    elapsed: float = 0.0
    round: int = 0


@dataclass(frozen=True)
class Ended:
    """The run ended: `status` is SUCCEEDED, FAILED, TIMED_OUT or ABORTED; `output` is None unless it succeeded."""

    status: str
    output: RunOutput | None
    error: str
    cause: str


Event = StateEntered | TransformJobProgress | Ended


@dataclass(frozen=True)
class Clients:
    """The AWS clients needed to follow a run."""

    stepfunctions: SFNClient
    sagemaker: SageMakerClient
    logs: CloudWatchLogsClient


@dataclass(frozen=True)
class Execution:
    """A started run. `run` is its id, which is part of its output prefix and of its transform jobs' names."""

    arn: str
    run: str


def start(
    state_machine_arn: str, overrides: Mapping[str, Any], clients: Clients, *, name: str | None = None
) -> Execution:
    """Start the state machine with the run's overrides. Without `name`, Step Functions generates the execution's name.

    With a name, repeating the call after a lost response doesn't start a second run. Raises AwsCallError if nothing
    was started, and FollowError if the run was started but can't be described.
    """
    named: dict[str, Any] = {"name": name} if name else {}
    with aws_calls():
        started = clients.stepfunctions.start_execution(
            stateMachineArn=state_machine_arn, input=json.dumps(overrides), **named
        )
    arn = started["executionArn"]
    try:
        with aws_calls():
            described = clients.stepfunctions.describe_execution(executionArn=arn)
    except AwsCallError as error:
        raise FollowError(f"the run {arn} was started, and cannot be followed: {error}") from error
    return Execution(arn=arn, run=run_id(arn, described["startDate"]))


def follow(execution: Execution, clients: Clients) -> Iterator[Event]:
    """Yield events as they happen; the last one is `Ended`.

    While a transform job is in progress, each poll yields its progress.
    """
    began = time.monotonic()
    last_event = 0
    while True:
        described = clients.stepfunctions.describe_execution(executionArn=execution.arn)
        history = clients.stepfunctions.get_paginator("get_execution_history").paginate(
            executionArn=execution.arn
        )
        for page in history:
            for event in page["events"]:
                if event["id"] > last_event:
                    last_event = event["id"]
                    if details := event.get("stateEnteredEventDetails"):
                        yield StateEntered(details["name"])
        yield from _transform_jobs(execution, described["startDate"], clients)
        if described["status"] != "RUNNING":
            yield Ended(
                status=described["status"],
                output=RunOutput.of(json.loads(described["output"]))
                if described["status"] == "SUCCEEDED"
                else None,
                error=described.get("error") or "",
                cause=described.get("cause") or "",
            )
            return
        time.sleep(pause_seconds(time.monotonic() - began))


def pause_seconds(followed: float) -> float:
    """Return the seconds to wait before the next poll of a run that has been followed for that many seconds."""
    return min(_LONGEST_PAUSE_SECONDS, max(_SHORTEST_PAUSE_SECONDS, _PAUSE_PER_SECOND * followed))


def _transform_jobs(
    execution: Execution, run_started: datetime, clients: Clients
) -> Iterator[TransformJobProgress]:
    """Yield the run's newest transform job, with the counts that the local AWS logs in a stream of its own."""
    jobs = clients.sagemaker.list_transform_jobs(
        NameContains=f"-{execution_hash(execution.arn)}-",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )["TransformJobSummaries"]
    for summary in jobs:
        job = clients.sagemaker.describe_transform_job(TransformJobName=summary["TransformJobName"])
        counts = record_counts(job["TransformJobName"], clients.logs)
        started = job.get("TransformStartTime", job["CreationTime"])
        ended = job.get("TransformEndTime", datetime.now(started.tzinfo))
        yield TransformJobProgress(
            name=job["TransformJobName"],
            status=job["TransformJobStatus"],
            records=counts.get("records"),
            files=counts.get("objects_done"),
            seconds=(ended - started).total_seconds(),
            data_processing={name: str(value) for name, value in job.get("DataProcessing", {}).items()},
            accept=job["TransformOutput"].get("Accept"),
            starting=counts.get("starting"),
            assembles_lines=job["TransformOutput"].get("AssembleWith") == "Line",
            counts=counts,
            has_started="TransformStartTime" in job,
            elapsed=(ended - run_started).total_seconds(),
            round=round_of(job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]),
        )
