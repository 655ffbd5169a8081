"""Transform jobs that a run left running: found by their names, and stopped.

A run that is stopped, times out or breaks off while its machine looks for a transform job, watches it or stops it
leaves the job running and paid for: Step Functions stops a job with its execution only in the state Transform.

ListTransformJobs finds it. DescribeTransformJob with each name that the run may have used would need no permission
for `*`, but a call for each round and instance type of the ladder, most of them for a job that never was; and a list
has what SageMaker has, not what the run thought that it did. Of the names only those of this run are taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

from batch_transform.job.values.run import run_id


class SageMakerClient(Protocol):
    """What this needs of boto3's client for SageMaker."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""

    def stop_transform_job(self, *, TransformJobName: str) -> object:  # AWS's names
        """As boto3 has it."""


@dataclass(frozen=True)
class EndedRun:
    """A run that did not end well: its job's name, and the detail of Step Functions' event about its end."""

    job: str
    detail: dict[str, Any]

    @property
    def name(self) -> str:
        """What the names of its transform jobs begin with, before the number of the attempt."""
        started = datetime.fromtimestamp(self.detail["startDate"] / 1000, UTC)
        return f"{self.job}-{run_id(self.detail['executionArn'], started)}"


def stop_left_running(run: EndedRun, sagemaker: SageMakerClient) -> Iterator[str]:
    """Stop the transform jobs of the run that still run, and yield a line for each; one that says so, if there is none.

    A job that ended at the same moment is none that goes on. Raises botocore's ClientError for one that could
    not be stopped and does; throttled calls were tried again by then, as botocore does.
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
    """Stop the transform job, and say whether it was this that ended it."""
    try:
        sagemaker.stop_transform_job(TransformJobName=name)
    except ClientError:
        # How SageMaker refuses to stop a transform job that has ended is not documented: look again.
        if name in _running(run, sagemaker):
            raise
        return False
    return True


def _running(run: EndedRun, sagemaker: SageMakerClient) -> Iterator[str]:
    of_run = re.compile(rf"{re.escape(run.name)}-\d+")
    pages = sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains=f"{run.name}-", StatusEquals="InProgress"
    )
    for page in pages:
        for job in page["TransformJobSummaries"]:
            if of_run.fullmatch(job["TransformJobName"]):
                yield job["TransformJobName"]
