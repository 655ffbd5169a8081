"""Creates what a job uses but its app doesn't define. On AWS it exists; a new local AWS is empty.

These are buckets, and what the job finds in SageMaker: a model, an endpoint or a model package group.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from batch_transform.job.files.stand_in import StandIn, found_in_sagemaker
from batch_transform.job.model.framework_images import image_uri
from batch_transform.job.model.source_folder import pack_model
from batch_transform.job.values.job_spec import ModelSpec

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_BUCKET = "stand-in-models"
_ROLE = "stand-in-models"
_ANYWHERE = "us-east-1"
"""The region whose buckets are created without a LocationConstraint (S3 API reference, CreateBucket)."""


def create_missing_buckets(buckets: Iterable[str], s3: S3Client) -> list[str]:
    """Create the buckets that do not exist, empty, and return them."""
    created = []
    region: Any = s3.meta.region_name
    for bucket in buckets:
        try:
            s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
                raise
            if region == _ANYWHERE:
                s3.create_bucket(Bucket=bucket)
            else:
                s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
            created.append(bucket)
    return created


def define_stand_in(
    stand_in: StandIn, model: ModelSpec, instance_type: str, client: Callable[[str], Any]
) -> None:
    """Create what the job's `model` names, and serve it from the stand-in. `client` makes clients by service name.

    Its role may do everything, since the permissions of the real model's role aren't known here. A model package group
    gets the role that the job names for it.
    """
    name, sagemaker = found_in_sagemaker(model), client("sagemaker")
    region = sagemaker.meta.region_name
    container = {
        "Image": image_uri(stand_in.image, region, instance_type),
        "ModelDataUrl": _uploaded(stand_in.source, f"{name}/model.tar.gz", client("s3")),
        "Environment": stand_in.environment,
    }
    role = _role((model.role or "").rpartition("/")[2] or _ROLE, client("iam"))
    if model.package_group is not None:
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
        sagemaker.create_model_package(
            ModelPackageGroupName=name,
            InferenceSpecification={"Containers": [container]},
            ModelApprovalStatus="Approved",
        )
        return
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)
    if model.endpoint is not None:
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant | {"InstanceType": instance_type}]
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


def _uploaded(source: Path, key: str, s3: Any) -> str:  # noqa: ANN401  # boto3 makes clients at run time
    s3.create_bucket(Bucket=_BUCKET)
    with tempfile.TemporaryDirectory() as folder:
        s3.upload_file(str(pack_model(source, Path(folder) / "model.tar.gz")), _BUCKET, key)
    return f"s3://{_BUCKET}/{key}"


def _role(name: str, iam: Any) -> str:  # noqa: ANN401  # boto3 makes clients at run time
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))
    iam.put_role_policy(RoleName=name, PolicyName="Everything", PolicyDocument=_policy(allowed))
    return str(created["Role"]["Arn"])


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
