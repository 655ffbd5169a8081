"""What is known about one run that has a transform job: from its record or, without one, from AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from batch_transform.job.errors import NotDeployedError
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.execution import Clients
from batch_transform.runs.past_runs import FoundRun
from batch_transform.runs.run_jobs import own_jobs, run_jobs
from batch_transform.runs.run_record import moment, status_of


@dataclass(frozen=True)
class RunFacts:
    """A run. None means not known.

    `request` is its last CreateTransformJob request, and `model` what identifies the model, which only a record has.
    `seconds` is from the run's start to its end; `billable_seconds` is the time for which each instance is billed.
    """

    run: str
    job: str
    status: str
    request: Mapping[str, Any]
    model: Mapping[str, Any] | None
    started: datetime | None
    seconds: float | None
    attempts: int | None
    billable_seconds: int | None
    input_objects: int | None
    input_bytes: int | None
    output_objects: int | None
    output_bytes: int | None
    records: int | None
    cost: float | None
    currency: str | None

    @property
    def instances(self) -> str:
        """The number and the type of the instances."""
        resources = self.request["TransformResources"]
        return f"{resources['InstanceCount']} x {resources['InstanceType']}"


def facts_of_record(record: Mapping[str, Any]) -> RunFacts:
    """Read a run's `_run.json`. Raises NotDeployedError if the run had no transform job."""
    if record.get("Request") is None:
        raise NotDeployedError(f"the run {record['RunId']} has no transform job, so it has no results")
    started, ended = moment(record.get("StartTime")), moment(record.get("EndTime"))
    records, cost = record.get("Records") or {}, record.get("Cost") or {}
    return RunFacts(
        run=record["RunId"],
        job=record["Job"],
        status=status_of(record),
        request=record["Request"],
        model=record.get("Model"),
        started=started,
        seconds=(ended - started).total_seconds() if started and ended else None,
        attempts=record.get("Attempts"),
        billable_seconds=record.get("BillableTimeInSeconds"),
        input_objects=record.get("InputObjects"),
        input_bytes=record.get("InputBytes"),
        output_objects=record.get("OutputObjects"),
        output_bytes=record.get("OutputBytes"),
        records=records.get("Total"),
        cost=cost.get("Amount"),
        currency=cost.get("Currency"),
    )


def facts_of_run(found: FoundRun, clients: Clients) -> RunFacts:
    """Return what AWS knows about a run. Raises AwsCallError, and NotDeployedError if it had no transform job."""
    with aws_calls():
        described = clients.stepfunctions.describe_execution(executionArn=found.execution_arn)
        jobs = run_jobs(found.run, clients.sagemaker)
    if not jobs:
        raise NotDeployedError(f"the run {found.run} has no transform job, so it has no results")
    ended = described.get("stopDate")
    output: dict[str, Any] = json.loads(described.get("output") or "{}")
    return RunFacts(
        run=found.run,
        job=found.job.name,
        status=described["status"],
        request=own_jobs(jobs)[-1].request,
        model=None,
        started=found.started,
        seconds=(ended - found.started).total_seconds() if ended else None,
        attempts=output.get("Attempts") or len(jobs),
        billable_seconds=output.get("BillableTimeInSeconds"),
        input_objects=output.get("InputObjects"),
        input_bytes=output.get("InputBytes"),
        output_objects=output.get("OutputObjects"),
        output_bytes=output.get("OutputBytes"),
        records=None,
        cost=None,
        currency=None,
    )
