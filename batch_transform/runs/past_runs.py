"""Runs of deployed jobs, including runs in progress: the most recent ones, or a single one by name."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from batch_transform.job.errors import NotDeployedError
from batch_transform.job.request.retry_input import retried_run
from batch_transform.job.values.run import execution_hash, run_id
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.deployment import DeployedJob, jobs_named
from batch_transform.runs.execution import Clients
from batch_transform.runs.run_jobs import record_counts, run_jobs
from batch_transform.runs.run_record import Record, RunRecords, moment, reconciliation_text, status_of

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient
    from mypy_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef

_RUN_ID = re.compile(r"(?:(?P<job>.+)-)?(?P<run>\d{8}T\d{6}-[0-9a-f]{8})(?:-\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class FoundRun:
    """An execution of a job's state machine. `run` is the id in the run's output prefix and transform job names.

    `record` is the run's record if Step Functions has forgotten the execution, and None otherwise.
    """

    job: DeployedJob
    run: str
    execution_arn: str
    started: datetime
    record: Record | None = None


@dataclass(frozen=True)
class RunSummary:
    """The outcome of a run. None means not applicable or unknown: AWS counts records only for `reconcile: records`.

    `status` is the execution's, or SKIPPED if it succeeded without scoring because another run was in progress. That of
    a run that was retried is how its last retry left it, with its error and its cause. `retries` is how often it was
    retried; `retry_of` is the run that this one is a retry of.
    """

    run: str
    job: str
    stack: str
    execution_arn: str
    status: str
    started: datetime
    ended: datetime | None
    records: int | None
    input_objects: int | None
    output_objects: int | None
    instance_type: str | None
    instance_count: int | None
    error: str
    cause: str
    started_by: str | None = None
    reconciliation: str | None = None
    retry_of: str | None = None
    retries: int = 0

    def took(self, now: datetime) -> timedelta:
        """Return how long it took, or has taken so far."""
        return (self.ended or now) - self.started


def last_runs(
    jobs: Sequence[DeployedJob], stepfunctions: SFNClient, limit: int, records: RunRecords | None = None
) -> list[FoundRun]:
    """Return the most recent runs of all these jobs, newest first.

    With `records`, also runs that Step Functions has forgotten, if it knows fewer than `limit` of a job.
    """
    found = []
    for job in jobs:
        with aws_calls():
            listed = stepfunctions.list_executions(stateMachineArn=job.state_machine_arn, maxResults=limit)
        known = [_found(job, execution) for execution in listed["executions"]]
        found += known
        if records is not None and len(known) < limit:
            found += _forgotten(job, {run.run[-8:] for run in known}, records, limit - len(known))
    return sorted(found, key=lambda run: run.started, reverse=True)[:limit]


def find_run(
    text: str, jobs: Sequence[DeployedJob], stepfunctions: SFNClient, records: RunRecords | None = None
) -> FoundRun:
    """Return the run with this id, execution ARN, execution name or transform job name, or a job's most recent run.

    With `records`, also one that Step Functions has forgotten. Raises NotDeployedError if there is none.
    """
    if named := jobs_named(text, jobs):
        if runs := last_runs(named, stepfunctions, 1, records):
            return runs[0]
        raise NotDeployedError(f"the job {text} has no runs yet; start one: batch-transform start {text}")
    with aws_calls():
        for run in _candidates(text, jobs, stepfunctions):
            return run
    for run in _recorded(text, jobs, records) if records is not None else ():
        return run
    raise NotDeployedError(
        f"there is no run {text}; name it by its id, its transform job or its execution, as batch-transform runs "
        "lists them (Step Functions keeps runs for 90 days, and their records are kept with their results)"
    )


def input_of(found: FoundRun, stepfunctions: SFNClient) -> object:
    """Return the input of the run's execution, as given. Raises AwsCallError."""
    if found.record is not None:
        kept: object = found.record["Input"]
        return kept
    with aws_calls():
        described = stepfunctions.describe_execution(executionArn=found.execution_arn)
    given: object = json.loads(described.get("input", "{}"))
    return given


def summary_of(found: FoundRun, clients: Clients, records: RunRecords | None = None) -> RunSummary:
    """Return the outcome of the run. With `records`, also what only its record knows."""
    if found.record is not None:
        return _summary_of_record(found, found.record)
    with aws_calls():
        described: dict[str, Any] = dict(
            clients.stepfunctions.describe_execution(executionArn=found.execution_arn)
        )
        succeeded = described["status"] == "SUCCEEDED"
        output: dict[str, Any] = json.loads(described["output"]) if succeeded else {}
        skipped = output.get("Outcome") == "Skipped"
        job_name, instance_type = output.get("TransformJobName"), output.get("InstanceType")
        instance_count = output.get("InstanceCount")
        if not succeeded and (attempts := run_jobs(found.run, clients.sagemaker)):
            last = attempts[-1]
            job_name, instance_type, instance_count = last.name, last.instance_type, last.instance_count
        # after a run that looked for bad records, the last job has only sections of the data
        counts = record_counts(job_name, clients.logs) if job_name and not output.get("BadRecords") else {}
    has_ended = described["status"] != "RUNNING" and not skipped
    given = json.loads(described.get("input") or "{}")
    record = records.of(found.job, found.run) if records is not None and has_ended else None
    summary = RunSummary(
        run=found.run,
        job=found.job.name,
        stack=found.job.stack,
        execution_arn=found.execution_arn,
        status="SKIPPED" if skipped else described["status"],
        started=found.started,
        ended=described.get("stopDate"),
        records=counts.get("records"),
        input_objects=output.get("InputObjects"),
        output_objects=output.get("OutputObjects"),
        instance_type=instance_type,
        instance_count=instance_count,
        error=described.get("error") or "",
        cause=described.get("cause") or "",
        retry_of=retried_run(given),
    )
    if record is None:
        return summary
    more = _summary_of_record(found, record)
    if more.retries and record["Outcome"] is not None:
        summary = replace(summary, status=more.status, error=more.error, cause=more.cause)
    return replace(
        summary,
        retries=more.retries,
        records=_records_of(record, summary.records),
        input_objects=summary.input_objects if more.input_objects is None else more.input_objects,
        output_objects=summary.output_objects if more.output_objects is None else more.output_objects,
        started_by=more.started_by,
        reconciliation=more.reconciliation,
    )


def _records_of(record: Record, in_last_job: int | None) -> int | None:
    """Return the records of the run: counted by it or, if all of it was one round, those of its last transform job."""
    if (total := record["Records"]["Total"]) is not None:
        counted: int = total
        return counted
    return None if any(job["Round"] for job in record["TransformJobs"]) else in_last_job


def _summary_of_record(found: FoundRun, record: Record) -> RunSummary:
    objects, by = record["Objects"], record["StartedBy"]
    return RunSummary(
        run=found.run,
        job=found.job.name,
        stack=found.job.stack,
        execution_arn=found.execution_arn,
        status=status_of(record),
        started=found.started,
        ended=moment(record["EndTime"]),
        records=record["Records"]["Total"],
        input_objects=objects["Total"],
        output_objects=objects["Success"],
        instance_type=record["InstanceType"],
        instance_count=record["InstanceCount"],
        error=record["Error"] or "",
        cause=record["Cause"] or "",
        started_by=f"{by['Type']} ({by['Name']})" if by["Name"] else by["Type"],
        reconciliation=reconciliation_text(record),
        retry_of=retried_run(record["Input"]),
        retries=len(record.get("Retries", ())),
    )


def _forgotten(
    job: DeployedJob, known: Container[str], records: RunRecords, limit: int
) -> Iterator[FoundRun]:
    """Yield the newest runs of a job that left a record and whose hash is not among the `known` ones."""
    for run in records.runs(job):
        if limit <= 0:
            return
        if run[-8:] not in known and (found := _of_record(job, run, records)):
            limit -= 1
            yield found


def _recorded(text: str, jobs: Sequence[DeployedJob], records: RunRecords) -> Iterator[FoundRun]:
    """Yield the run with this id, transform job name, execution ARN or execution name, found by its record."""
    wanted = None if text.startswith("arn:") else _RUN_ID.fullmatch(text)
    for job in jobs:
        if wanted:
            name, run = wanted["job"], wanted["run"].upper()[:15] + wanted["run"].lower()[15:]
            ids = [run] if name is None or name.lower() == job.deployed_name.lower() else []
        else:
            executions = job.state_machine_arn.replace(":stateMachine:", ":execution:")
            arn = text if text.startswith("arn:") else f"{executions}:{text}"
            ids = [run for run in records.runs(job) if run.endswith(f"-{execution_hash(arn)}")]
        for run in ids:
            if found := _of_record(job, run, records):
                yield found


def _of_record(job: DeployedJob, run: str, records: RunRecords) -> FoundRun | None:
    record = records.of(job, run)
    if record is None:
        return None
    return FoundRun(job, run, record["ExecutionArn"], datetime.fromisoformat(record["StartTime"]), record)


def _candidates(text: str, jobs: Sequence[DeployedJob], stepfunctions: SFNClient) -> Iterator[FoundRun]:
    wanted = None if text.startswith("arn:") else _RUN_ID.fullmatch(text)
    if wanted:
        name, run = wanted["job"], wanted["run"].upper()[:15] + wanted["run"].lower()[15:]
        named = [job for job in jobs if name and name.lower() == job.deployed_name.lower()]
        for job in named or jobs:
            yield from (found for found in _since_start_of(run, job, stepfunctions) if found.run == run)
    # Names that `start` gives to executions look like run ids, but are not.
    machine, _, name = text.replace(":execution:", ":stateMachine:").rpartition(":")
    for job in jobs:
        if machine in {"", job.state_machine_arn}:
            arn = f"{job.state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
            try:
                described = stepfunctions.describe_execution(executionArn=arn)
            except (stepfunctions.exceptions.ExecutionDoesNotExist, stepfunctions.exceptions.InvalidArn):
                continue  # another job may have it; the caller reports it if none has
            yield FoundRun(job, run_id(arn, described["startDate"]), arn, described["startDate"])


def _since_start_of(run: str, job: DeployedJob, stepfunctions: SFNClient) -> Iterator[FoundRun]:
    """Yield the job's runs, newest first, back to the time in this run id."""
    try:
        began = datetime.strptime(run[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:  # not a valid time, so no run has this id
        return
    pages = stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=job.state_machine_arn)
    for page in pages:
        for execution in page["executions"]:
            if execution["startDate"] < began:
                return
            yield _found(job, execution)


def _found(job: DeployedJob, execution: ExecutionListItemTypeDef) -> FoundRun:
    arn, started = execution["executionArn"], execution["startDate"]
    return FoundRun(job, run_id(arn, started), arn, started)
