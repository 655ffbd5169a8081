"""Stops runs, and waits until they and their transform jobs have ended."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from batch_transform.job.errors import AwsCallError, FollowError, NotDeployedError
from batch_transform.job.values.run import attempt_pattern, execution_hash, run_id
from batch_transform.job.values.wording import listed
from batch_transform.runs.aws_calls import DENIED, aws_calls
from batch_transform.runs.deployment import DeployedJob, jobs_named
from batch_transform.runs.execution import Clients, pause_seconds
from batch_transform.runs.past_runs import FoundRun, find_run

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient
    from mypy_boto3_stepfunctions.client import SFNClient

CAUSE = "batch-transform stop"
"""The cause that StopExecution gets, which `show` and the notification quote."""

_QUIET_SECONDS = 2.0
"""How long a run must have no transform job in progress before it counts as ended: Step Functions may have sent
CreateTransformJob just before the execution ended."""

_NOT_ENDED = frozenset({"InProgress", "Stopping"})


@dataclass(frozen=True)
class StoppedRun:
    """A run that is being stopped or has been. `transform_jobs` maps the name of each of its jobs to the status.

    `status` is the execution's: ABORTED for a run that was stopped, another one for a run that ended by itself.
    """

    run: str
    job: str
    stack: str
    execution_arn: str
    status: str
    started: datetime
    ended: datetime | None
    transform_jobs: dict[str, str]

    @property
    def in_progress(self) -> list[str]:
        """The names of its transform jobs that have not ended."""
        return [name for name, status in self.transform_jobs.items() if status in _NOT_ENDED]

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it is in progress or billed any more."""
        return self.status != "RUNNING" and not self.in_progress


def runs_to_stop(target: str | None, jobs: Sequence[DeployedJob], stepfunctions: SFNClient) -> list[FoundRun]:
    """Return the runs in progress of a job, or of all jobs if `target` is None; or the run that `target` names.

    A run that is named is returned even if it has ended. The newest run is first: stopping an older one first would
    let the run that waits for it begin. Raises NotDeployedError if no job or run has that name.
    """
    named = jobs_named(target, jobs) if target is not None else jobs
    if target is not None and not named:
        try:
            return [find_run(target, jobs, stepfunctions)]
        except NotDeployedError as error:
            found = [run.run for run in _in_progress(jobs, stepfunctions)]
            raise NotDeployedError(
                f"there is no job and no run {target}; deployed jobs: {listed([job.name for job in jobs]) or 'none'}; "
                f"runs in progress: {listed(found) or 'none'}"
            ) from error
    return _in_progress(named, stepfunctions)


def _in_progress(jobs: Sequence[DeployedJob], stepfunctions: SFNClient) -> list[FoundRun]:
    found = []
    with aws_calls():
        for job in jobs:
            pages = stepfunctions.get_paginator("list_executions").paginate(
                stateMachineArn=job.state_machine_arn, statusFilter="RUNNING"
            )
            for page in pages:
                for one in page["executions"]:
                    arn, started = one["executionArn"], one["startDate"]
                    found.append(FoundRun(job, run_id(arn, started), arn, started))
    return sorted(found, key=lambda run: run.started, reverse=True)


def stop(runs: Sequence[FoundRun], stepfunctions: SFNClient) -> None:
    """Stop the executions, in this order; those that have already ended are skipped. Raises AwsCallError."""
    for number, run in enumerate(runs):
        try:
            with aws_calls():
                _stop(run, stepfunctions)
        except AwsCallError as error:
            if number:
                stopped = listed([one.run for one in runs[:number]])
                raise FollowError(f"stopped {stopped}, but not {run.run}: {error}") from error
            raise


def _stop(run: FoundRun, stepfunctions: SFNClient) -> None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as in aws_calls

    try:
        stepfunctions.stop_execution(executionArn=run.execution_arn, cause=CAUSE)
    except ClientError as error:
        # Step Functions documents no error for an execution that has ended.
        is_denied = error.response["Error"].get("Code") in DENIED
        if (
            is_denied
            or stepfunctions.describe_execution(executionArn=run.execution_arn)["status"] == "RUNNING"
        ):
            raise


def until_ended(runs: Sequence[FoundRun], clients: Clients) -> Iterator[list[StoppedRun]]:
    """Yield the state of the runs, in the given order, at each poll, until all of them have ended."""
    began = time.monotonic()
    quiet_since: float | None = None
    while True:
        try:
            with aws_calls():
                found = [_current_state(run, clients) for run in runs]
        except AwsCallError as error:
            raise FollowError(
                f"the runs are being stopped, but cannot be followed to their end: {error}"
            ) from error
        yield found
        now = time.monotonic()
        if all(run.has_ended for run in found):
            quiet_since = now if quiet_since is None else quiet_since
            if now - quiet_since >= _QUIET_SECONDS:
                return
        else:
            quiet_since = None
        time.sleep(pause_seconds(now - began))


def _current_state(run: FoundRun, clients: Clients) -> StoppedRun:
    # Describe the execution before its jobs: once it has ended, it creates no further job.
    described: dict[str, Any] = dict(clients.stepfunctions.describe_execution(executionArn=run.execution_arn))
    return StoppedRun(
        run=run.run,
        job=run.job.name,
        stack=run.job.stack,
        execution_arn=run.execution_arn,
        status=described["status"],
        started=run.started,
        ended=described.get("stopDate"),
        transform_jobs=_transform_jobs(run.execution_arn, clients.sagemaker),
    )


def _transform_jobs(execution_arn: str, sagemaker: SageMakerClient) -> dict[str, str]:
    """Return the status of each transform job of the run by name, in the order of the attempts."""
    of_run = re.compile(rf".+{attempt_pattern(execution_arn)}")
    pages = sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains=f"-{execution_hash(execution_arn)}-", SortBy="CreationTime", SortOrder="Ascending"
    )
    return {
        job["TransformJobName"]: job["TransformJobStatus"]
        for page in pages
        for job in page["TransformJobSummaries"]
        if of_run.fullmatch(job["TransformJobName"])
    }
