"""Find transform jobs that a run left running by their names, and stop them.

A run that ends while its state machine is looking for a transform job, waiting for it or stopping it leaves the job
running, and billed: Step Functions stops a job together with its execution only in the state Transform.

The jobs are found with ListTransformJobs, which shows what SageMaker has, not what the run believes.
DescribeTransformJob would need no permission on `*`, but one call for each name that an attempt may have used, and most
of these jobs never existed. A job belongs to the run if its name has the job's name and the execution's hash. The time
in the name isn't compared: the state machine takes it from its context, and the event of the run's end has its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

from batch_transform.job.values.run import attempt_pattern, execution_hash, run_id


class SageMakerClient(Protocol):
    """The part of boto3's SageMaker client that is used here."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""

    def stop_transform_job(self, *, TransformJobName: str) -> object:  # AWS's names
        """As boto3 has it."""


@dataclass(frozen=True)
class EndedRun:
    """A failed run: its job's name, and the detail of Step Functions' event about its end."""

    job: str
    detail: dict[str, Any]

    @property
    def name(self) -> str:
        """The job and the run's id, for the log."""
        started = datetime.fromtimestamp(self.detail["startDate"] / 1000, UTC)
        return f"{self.job}-{run_id(self.detail['executionArn'], started)}"


def stop_left_running(run: EndedRun, sagemaker: SageMakerClient) -> Iterator[str]:
    """Stop the transform jobs of the run that are in progress. Yield a line for each, or one that says there is none.

    Raises botocore's ClientError if a job can't be stopped and is still in progress; botocore has retried throttled
    calls by then.
    """
    names = list(_running(run, sagemaker))
    of_run = f"run {run.name} {run.detail['status']}"
    if not names:
        yield f"{of_run}: it left no transform job running"
    for name in names:
        if _stop(name, run, sagemaker):
            yield f"{of_run}: stopped its transform job {name}"
        else:
            yield f"{of_run}: its transform job {name} ended by itself"


def _stop(name: str, run: EndedRun, sagemaker: SageMakerClient) -> bool:
    """Stop the transform job. Return False if it had already ended."""
    try:
        sagemaker.stop_transform_job(TransformJobName=name)
    except ClientError:
        # SageMaker's error for a transform job that has ended isn't documented: list the jobs again.
        if name in _running(run, sagemaker):
            raise
        return False
    return True


def _running(run: EndedRun, sagemaker: SageMakerClient) -> Iterator[str]:
    execution = run.detail["executionArn"]
    of_run = re.compile(re.escape(run.job) + attempt_pattern(execution))
    pages = sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains=f"-{execution_hash(execution)}-", StatusEquals="InProgress"
    )
    for page in pages:
        for job in page["TransformJobSummaries"]:
            if of_run.fullmatch(job["TransformJobName"]):
                yield job["TransformJobName"]
