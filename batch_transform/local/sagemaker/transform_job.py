"""A transform job: its request, its status and its times; how it is described, and how it is kept over a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from batch_transform.local.sagemaker.resource import Scope

_TIMES = ("CreationTime", "TransformStartTime", "TransformEndTime")
FAILURE_REASON_LENGTH = 1024
"""API reference, DescribeTransformJob."""


@dataclass
class TransformJob:
    """A transform job. Times are seconds since the epoch. `request` has no Tags and never changes.

    To stop the job, `stop` is set and `interrupt` is called, which ends its requests in flight. `ended` is set once the
    job has a final status.
    """

    scope: Scope
    request: Mapping[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "InProgress"
    failure_reason: str | None = None
    created: float = field(default_factory=time.time)
    started: float | None = None
    finished: float | None = None
    modified: float = field(default_factory=time.time)
    stop: threading.Event = field(default_factory=threading.Event, repr=False)
    interrupt: Callable[[], None] = field(default=lambda: None, repr=False)
    ended: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def name(self) -> str:
        return str(self.request["TransformJobName"])

    @property
    def arn(self) -> str:
        return self.scope.arn("transform-job", self.name)

    @property
    def is_running(self) -> bool:
        """Whether the job has no final status yet; until then it uses its instances."""
        return self.status in ("InProgress", "Stopping")

    @property
    def instance_type(self) -> str:
        return str(self.request["TransformResources"]["InstanceType"])

    @property
    def instance_count(self) -> int:
        return int(self.request["TransformResources"]["InstanceCount"])

    def change(self, status: str, failure_reason: str | None = None) -> None:
        """Set the status, with its times."""
        self.status = status
        self.failure_reason = failure_reason and failure_reason[:FAILURE_REASON_LENGTH]
        self.modified = time.time()
        if not self.is_running:
            self.finished = self.modified


def describe(job: TransformJob) -> dict[str, Any]:
    """Return the answer of DescribeTransformJob; times are seconds since the epoch.

    Members that were not given are absent, except those that AWS fills in: DataProcessing, None for CompressionType,
    SplitType and AssembleWith, and an empty KmsKeyId (recorded in public notebooks of amazon-sagemaker-examples).
    """
    request = job.request
    seen = {
        **request,
        "TransformJobArn": job.arn,
        "TransformJobStatus": job.status,
        "FailureReason": job.failure_reason,
        "TransformInput": {"CompressionType": "None", "SplitType": "None", **request["TransformInput"]},
        "TransformOutput": {"AssembleWith": "None", "KmsKeyId": "", **request["TransformOutput"]},
        "DataProcessing": {
            "InputFilter": "$",
            "OutputFilter": "$",
            "JoinSource": "None",
            **request.get("DataProcessing", {}),
        },
        "CreationTime": job.created,
        "TransformStartTime": job.started,
        "TransformEndTime": job.finished,
    }
    return {name: value for name, value in seen.items() if value is not None}


def event_detail(description: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the detail of "SageMaker Transform Job State Change", which is also the result of `.sync`.

    Times become epoch milliseconds, and tags a map (Developer Guide, "Automating Amazon SageMaker with Amazon
    EventBridge"; the milliseconds are recorded for tuning jobs). `description` is an answer of DescribeTransformJob,
    from the service or from boto3.
    """
    detail = {name: value for name, value in description.items() if name != "ResponseMetadata"}
    for name in _TIMES:
        if name in detail:
            detail[name] = _milliseconds(detail[name])
    return {**detail, "Tags": dict(tags)}


def _milliseconds(time: float | datetime) -> int:
    return int((time.timestamp() if isinstance(time, datetime) else time) * 1000)


def as_json(job: TransformJob) -> dict[str, Any]:
    """Return the job as JSON, for `from_json` after a restart."""
    names = ("request", "tags", "status", "failure_reason", "created", "started", "finished", "modified")
    return {"account": job.scope.account, "region": job.scope.region} | {
        name: getattr(job, name) for name in names
    }


def from_json(kept: Mapping[str, Any]) -> TransformJob:
    """Return the job from what `as_json` returned. If it was running when the local AWS ended, it has failed."""
    values = dict(kept)
    job = TransformJob(scope=Scope(values.pop("account"), values.pop("region")), **values)
    if job.is_running:
        job.change("Failed", "InternalServerError: the local AWS ended while the job was running")
    job.ended.set()
    return job
