"""What SageMaker does with the execution role beside S3 and the log: pull images, join a network, publish metrics.

Nothing is pulled here, and containers are processes of this machine: where IAM is enforced, the role is asked
for the permissions all the same (Developer Guide, SageMaker roles, CreateModel).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator

from batch_transform.job.errors import RefusedRequestError, TransformJobError
from batch_transform.local.sagemaker.execution_role import ExecutionRoles
from batch_transform.local.sagemaker.models import Model
from batch_transform.local.sagemaker.transform_job import TransformJob

METRICS = "/aws/sagemaker/TransformJobs"
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[^.]+)\.amazonaws\.com[^/]*/(?P<repository>[^:@]+)"
)
_PULL = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
_DESCRIBE = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")


def require_start(roles: ExecutionRoles, model: Model, job: TransformJob) -> None:
    """Raise TransformJobError unless the role may do what comes before the first container runs."""
    try:
        for action, resource in (*_pulled(model), *_attached(model), *_tried(job)):
            roles.require(model, job, action, resource)
    except RefusedRequestError as error:
        raise TransformJobError(f"ClientError: {error.message}") from error


def publish_metrics(roles: ExecutionRoles, model: Model, job: TransformJob) -> None:
    """Publish how busy this machine is, if the role may: as on AWS, a job does not fail for want of metrics."""
    try:
        roles.require(model, job, "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": METRICS})
    except RefusedRequestError:
        return
    roles.owner("cloudwatch", job.scope).put_metric_data(
        Namespace=METRICS,
        MetricData=[
            {
                "MetricName": "CPUUtilization",
                "Dimensions": [{"Name": "Host", "Value": f"{job.name}/i-1"}],
                "Timestamp": time.time(),
                "Value": 100 * os.getloadavg()[0],  # per cent of one core
                "Unit": "Percent",
            }
        ],
    )


def _pulled(model: Model) -> Iterator[tuple[str, str]]:
    images = [found for container in model.containers if (found := _ECR.match(container.get("Image", "")))]
    if images:
        yield "ecr:GetAuthorizationToken", "*"
    for image in images:
        registry = f"arn:{model.scope.partition}:ecr:{image['region']}:{image['account']}"
        repository = f"{registry}:repository/{image['repository']}"
        yield from ((f"ecr:{action}", repository) for action in _PULL)


def _attached(model: Model) -> Iterator[tuple[str, str]]:
    vpc = model.request.get("VpcConfig")
    if vpc is None:
        return
    prefix = f"arn:{model.scope.partition}:ec2:{model.scope.region}:{model.scope.account}"
    interface = f"{prefix}:network-interface/eni-0123456789abcdef0"
    yield from ((f"ec2:Describe{what}", "*") for what in _DESCRIBE)
    for resource in (
        interface,
        *(f"{prefix}:subnet/{subnet}" for subnet in vpc["Subnets"]),
        *(f"{prefix}:security-group/{group}" for group in vpc["SecurityGroupIds"]),
    ):
        yield "ec2:CreateNetworkInterface", resource
    for action in (
        "CreateNetworkInterfacePermission",
        "DeleteNetworkInterfacePermission",
        "DeleteNetworkInterface",
    ):
        yield f"ec2:{action}", interface


def _tried(job: TransformJob) -> Iterator[tuple[str, str]]:
    """Whoever names a key for the output lets the role encrypt with it (API reference, OutputDataConfig)."""
    if key := job.request["TransformOutput"].get("KmsKeyId"):
        yield "kms:Encrypt", key
