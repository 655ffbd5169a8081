"""What DescribeTransformJob answers, and the detail of the state-change event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from batch_transform.local.sagemaker.transform_job import TransformJob

_TIMES = ("CreationTime", "TransformStartTime", "TransformEndTime")


def describe(job: TransformJob) -> dict[str, Any]:
    """Return the answer of DescribeTransformJob; times are seconds since the epoch.

    Members that were not given are absent, but for those that AWS fills in: DataProcessing, the
    None of CompressionType, SplitType and AssembleWith, and an empty KmsKeyId (recorded in public
    notebooks of amazon-sagemaker-examples).
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

    Times become epoch milliseconds, tags a map (Developer Guide, "Automating Amazon SageMaker with
    Amazon EventBridge"; the milliseconds are recorded for tuning jobs). `description` is an answer
    of DescribeTransformJob, from the service or from boto3.
    """
    detail = {name: value for name, value in description.items() if name != "ResponseMetadata"}
    for name in _TIMES:
        if name in detail:
            detail[name] = _milliseconds(detail[name])
    return {**detail, "Tags": dict(tags)}


def _milliseconds(time: float | datetime) -> int:
    return int((time.timestamp() if isinstance(time, datetime) else time) * 1000)
