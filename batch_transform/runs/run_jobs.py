"""The transform jobs of a run, as SageMaker describes them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from batch_transform.job.aws.console_links import TRANSFORM_JOB_LOGS
from batch_transform.job.values.fields import MEMBERS
from batch_transform.job.values.run import attempt_pattern_of, hash_of

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_sagemaker.client import SageMakerClient

_SENT = {"TransformJobName", "ModelName", *(member.path[0] for member in MEMBERS)}


@dataclass(frozen=True)
class RunJob:
    """One attempt of a run. `request` is its CreateTransformJob request without tags: SageMaker doesn't return them."""

    name: str
    status: str
    instance_type: str
    instance_count: int
    created: datetime
    started: datetime | None
    ended: datetime | None
    failure_reason: str
    request: dict[str, Any]

    @property
    def output_path(self) -> str:
        """The S3 URI that it writes below."""
        return str(self.request["TransformOutput"]["S3OutputPath"])


def run_jobs(run: str, sagemaker: SageMakerClient) -> list[RunJob]:
    """Return the transform jobs of the run with this id, in the order of the attempts.

    They are found by the hash at the end of the id: the state machine takes the time in their names from its own clock.
    """
    of_run = re.compile(rf".+{attempt_pattern_of(hash_of(run))}")
    pages = sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains=f"-{hash_of(run)}-", SortBy="CreationTime", SortOrder="Ascending"
    )
    names = (job["TransformJobName"] for page in pages for job in page["TransformJobSummaries"])
    return [_described(name, sagemaker) for name in names if of_run.fullmatch(name)]


def own_jobs(jobs: Sequence[RunJob]) -> list[RunJob]:
    """Return the transform jobs on the run's own data: later ones score sections of it, to find bad records."""
    return [job for job in jobs if job.output_path == jobs[0].output_path]


def _described(name: str, sagemaker: SageMakerClient) -> RunJob:
    job: dict[str, Any] = dict(sagemaker.describe_transform_job(TransformJobName=name))
    resources = job["TransformResources"]
    return RunJob(
        name=name,
        status=job["TransformJobStatus"],
        instance_type=resources["InstanceType"],
        instance_count=resources["InstanceCount"],
        created=job["CreationTime"],
        started=job.get("TransformStartTime"),
        ended=job.get("TransformEndTime"),
        failure_reason=job.get("FailureReason", ""),
        request={member: value for member, value in job.items() if member in _SENT},
    )


def record_counts(job_name: str, logs: CloudWatchLogsClient) -> dict[str, Any]:
    """Return the counts that the local AWS logs in a stream of its own, such as `records`; {} on AWS.

    Before the first record, `starting` may say what the container does before it serves.
    """
    try:
        page = logs.get_log_events(
            logGroupName=TRANSFORM_JOB_LOGS,
            logStreamName=f"{job_name}/progress",
            startFromHead=False,
            limit=1,
        )
    except logs.exceptions.ResourceNotFoundException:
        return {}  # AWS never has this stream, and the local AWS only from the first record on
    counts: dict[str, Any] = json.loads(page["events"][-1]["message"]) if page["events"] else {}
    return counts
