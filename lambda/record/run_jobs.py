"""What SageMaker knows of a run: its transform jobs, and its model."""

from __future__ import annotations

import re
from typing import Any, Protocol

from botocore.exceptions import ClientError

from batch_transform.job.values.run import attempt_pattern, execution_hash, round_of
from run_record import Record, iso

_DIGEST = re.compile(r".*@(sha256:[0-9a-f]{64})")
_HASH = re.compile(r".*/([0-9a-f]{64})[^/]*")
"""The CDK names an asset by its hash."""

NOT_ENDED = frozenset({"InProgress", "Stopping"})
"""The statuses of a transform job that may still write results."""


class SageMakerClient(Protocol):
    """The part of boto3's SageMaker client that is used here."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""

    def describe_transform_job(self, *, TransformJobName: str) -> Any:
        """As boto3 has it."""

    def describe_model(self, *, ModelName: str) -> Any:
        """As boto3 has it."""


def transform_jobs(job: str, execution_arn: str, sagemaker: SageMakerClient) -> list[Record]:
    """Return the transform jobs of a run, in the order of its attempts.

    They are found by the execution's hash in their names, since the time in the names is that of another clock than the
    one of an event. An attempt whose CreateTransformJob was refused has no transform job.
    """
    of_run = re.compile(re.escape(job) + attempt_pattern(execution_arn), re.IGNORECASE)
    pages = sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains=f"-{execution_hash(execution_arn)}-", SortBy="CreationTime", SortOrder="Ascending"
    )
    names = [summary["TransformJobName"] for page in pages for summary in page["TransformJobSummaries"]]
    return [_described(name, sagemaker) for name in names if of_run.fullmatch(name)]


def _described(name: str, sagemaker: SageMakerClient) -> Record:
    described = sagemaker.describe_transform_job(TransformJobName=name)
    start, end = described.get("TransformStartTime"), described.get("TransformEndTime")
    resources = described["TransformResources"]
    return {
        "TransformJobName": name,
        "TransformJobArn": described["TransformJobArn"],
        "Round": round_of(described["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]),
        "InstanceType": resources["InstanceType"],
        "InstanceCount": resources["InstanceCount"],
        "TransformJobStatus": described["TransformJobStatus"],
        "FailureReason": described.get("FailureReason"),
        "CreationTime": iso(described["CreationTime"]),
        "TransformStartTime": start and iso(start),
        "TransformEndTime": end and iso(end),
        "BillableTimeInSeconds": round((end - start).total_seconds()) if start and end else None,
    }


def model_of(name: str, sagemaker: SageMakerClient) -> Record:
    """Return what identifies a model: its first container, and all `Containers` of a pipeline."""
    try:
        described = sagemaker.describe_model(ModelName=name)
    except ClientError as error:
        # CreateTransformJob says what is wrong with the model; without a permission, its name must do.
        print(f"the model {name} cannot be described: {error}")  # noqa: T201  # for the function's log
        described = {}
    pipeline = [_container(one) for one in described.get("Containers", [])]
    primary = described.get("PrimaryContainer")
    first = _container(primary) if primary else pipeline[0] if pipeline else _container({})
    return {"ModelName": name, **first, "Containers": pipeline if len(pipeline) > 1 else None}


def _container(container: dict[str, Any]) -> Record:
    image, url = container.get("Image"), container.get("ModelDataUrl")
    digest = _DIGEST.fullmatch(image) if image else None
    archive = _HASH.fullmatch(url) if url else None
    return {
        "Image": image,
        "ImageDigest": digest[1] if digest else None,
        "ModelDataUrl": url,
        "ArchiveHash": archive[1] if archive else None,
        "ModelPackageArn": container.get("ModelPackageName"),
    }
