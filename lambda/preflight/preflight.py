"""What a run must satisfy before money is spent on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import ClientError
from data_row import require_data_row
from first_row import S3Reader, first_row
from run_model import SageMakerClient, run_model

from batch_transform.spec.errors import DataNotFoundError
from batch_transform.spec.media_type import CSV, media_type
from batch_transform.spec.named_overrides import Columns
from batch_transform.spec.overrides import RunRequest, apply_overrides
from batch_transform.spec.request import Request
from batch_transform.spec.s3_uri import S3Uri
from run_lock import RunLock


class S3Client(S3Reader, Protocol):
    """What the check needs of boto3's S3 client."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""


@dataclass(frozen=True)
class Run:
    """What the state machine passes: the job, the run's id, the declared request and the run's own input.

    `instance_types` are the job's, in the order in which they are tried. `columns` are the names that the job
    gives, as `input` and `output`. `model` says where the model comes from, if the run must find it (see
    `run_model`). `execution` is the run's ARN, and `lock` the Bucket and Key of the job's lock; it is empty
    where runs may overlap.
    """

    job: str
    job_file: str
    run: str
    execution: str
    request: Request
    instance_types: Sequence[str]
    overrides: Mapping[str, Any]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    lock: Mapping[str, str] = field(default_factory=dict)


def checked_run(
    run: Run, s3: S3Client, sagemaker: Callable[[], SageMakerClient], lock: RunLock | None
) -> dict[str, Any]:
    """Check the run, and take the job's lock when all is well: the state machine's variables for the run.

    They are `request`, `instance_types` and `lock` (see `RunLock.take`; empty where runs may overlap). Fails as
    `checked_request` does.
    """
    checked = checked_request(run, s3, sagemaker)
    return {
        "request": checked.request,
        "instance_types": list(checked.instance_types),
        "lock": lock.take(run.execution) if lock else {},
    }


def checked_request(run: Run, s3: S3Client, sagemaker: Callable[[], SageMakerClient]) -> RunRequest:
    """Apply the run's overrides, give the run its own output prefix, check request and data, find the model.

    Fails with RunInputError (unknown or illegal overrides, output below the input prefix), DataNotFoundError
    (no object, or only empty ones), HeaderRowError, RowWidthError or ModelNotFoundError.
    """
    declared = dict(run.request)
    declared["TransformOutput"] = declared["TransformOutput"] | {
        "S3OutputPath": f"{declared['TransformOutput']['S3OutputPath'].rstrip('/')}/{run.run}"
    }
    columns = Columns(**{name: tuple(names) for name, names in run.columns.items()})
    checked = apply_overrides(declared, run.overrides, columns, instance_types=run.instance_types)
    request = checked.request
    uri = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    try:
        first = _first_object(uri, s3)
        _require_data_row(request, first, columns, s3)
    except ClientError as error:
        reason = error.response["Error"]
        raise DataNotFoundError(
            f"{uri} cannot be listed ({reason['Code']}: {reason['Message']}); check the bucket's name, and whether "
            "the job may read there: a deployed job reads below its own input.data only"
        ) from error
    if run.model:
        request["ModelName"] = run_model(run.job, run.model, sagemaker())
    return checked


def _require_data_row(request: Request, first: S3Uri, columns: Columns, s3: S3Client) -> None:
    """Of CSV data with named columns, look at the first object's first row. A manifest is no data."""
    source = request["TransformInput"]
    is_csv = media_type(source.get("ContentType")) == CSV
    if columns.input and is_csv and source["DataSource"]["S3DataSource"]["S3DataType"] == "S3Prefix":
        gzip = source.get("CompressionType") == "Gzip"
        if cells := first_row(first, s3, gzip=gzip):
            require_data_row(first, cells, columns.input)


def _first_object(uri: str, s3: S3Client) -> S3Uri:
    """Return the first object with data. A prefix is a plain string: every key that starts with it is input."""
    place = S3Uri.parse(uri)
    empty_objects = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key):
        for entry in page.get("Contents", []):
            if entry["Size"] > 0:
                return S3Uri(place.bucket, entry["Key"])
            empty_objects += 1
    if empty_objects:
        raise DataNotFoundError(
            f"{uri} holds {empty_objects} objects and all of them are empty; upload data first"
        )
    raise DataNotFoundError(
        f"no object starts with {uri}; upload data there, or start the run with another input.data"
    )
