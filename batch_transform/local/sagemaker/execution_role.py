"""The model's execution role: a transform job and its container act with it.

Besides S3 and the log, SageMaker uses the role to pull images, join a network and publish metrics. Here nothing is
pulled, and containers are processes of this machine; where IAM is enforced, the role needs these permissions all the
same (Developer Guide, SageMaker roles, CreateModel).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from batch_transform.job.errors import RefusedRequestError, TransformJobError
from batch_transform.local.clients import Clients, Credentials, account_credentials
from batch_transform.local.sagemaker.models import Model
from batch_transform.local.sagemaker.resource import Scope
from batch_transform.local.sagemaker.transform_job import TransformJob

SERVICE = "sagemaker.amazonaws.com"
SESSION_NAME = "SageMaker"
METRICS = "/aws/sagemaker/TransformJobs"
_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[^.]+)\.[^/]+/(?P<repository>[^:@]+)")
_PULL = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
_DESCRIBE = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")


class AssumeRole(Protocol):
    """Assumes a role, where IAM is enforced."""

    def __call__(self, role_arn: str, *, service: str, session_name: str, source_arn: str) -> Credentials:
        """Return credentials for the service principal, acting on behalf of the resource `source_arn`.

        Raises RefusedRequestError when the role does not exist or does not trust the service.
        """


class Require(Protocol):
    """Checks a permission, where IAM is enforced."""

    def __call__(self, access_key: str, action: str, resource: str, context: Mapping[str, str]) -> None:
        """Raise RefusedRequestError AccessDeniedException unless the holder of the key has the permission."""


class ExecutionRoles:
    """AWS clients with a model's execution role. Thread safe.

    Without `assume_role` and `require`, IAM is not enforced: a model acts with all permissions of the account, and its
    role need not exist.
    """

    def __init__(
        self, clients: Clients, assume_role: AssumeRole | None = None, require: Require | None = None
    ) -> None:
        self._clients = clients
        self._assume_role = assume_role
        self._require = require

    def credentials(self, model: Model, job: TransformJob) -> Credentials:
        """Return the credentials of the model's job. Raises RefusedRequestError as `AssumeRole` does."""
        role = model.request.get("ExecutionRoleArn")
        if self._assume_role is None or role is None:
            return account_credentials(model.scope.account)
        return self._assume_role(role, service=SERVICE, session_name=SESSION_NAME, source_arn=job.arn)

    def client(self, service: str, model: Model, job: TransformJob) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        """Return a client with the model's execution role. Raises RefusedRequestError as `AssumeRole` does."""
        return self._clients.client(service, self.credentials(model, job), model.scope.region)

    def require(
        self,
        model: Model,
        job: TransformJob,
        action: str,
        resource: str,
        context: Mapping[str, str] | None = None,
    ) -> None:
        """Raise RefusedRequestError unless the model's execution role has the permission, or as `AssumeRole` does."""
        if self._require is not None:
            self._require(self.credentials(model, job).access_key, action, resource, context or {})

    def owner(self, service: str, scope: Scope) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        """Return a client with all permissions of the account, for what SageMaker does without the role."""
        return self._clients.client(service, account_credentials(scope.account), scope.region)


def require_start(roles: ExecutionRoles, model: Model, job: TransformJob) -> None:
    """Raise TransformJobError unless the role has the permissions needed before the first container runs."""
    try:
        for action, resource in (
            *_image_permissions(model),
            *_vpc_permissions(model),
            *_key_permissions(job),
        ):
            roles.require(model, job, action, resource)
    except RefusedRequestError as error:
        raise TransformJobError(f"ClientError: {error.message}") from error


def publish_metrics(roles: ExecutionRoles, model: Model, job: TransformJob) -> None:
    """Publish the CPU load of this machine, if the role may. As on AWS, a job does not fail without metrics."""
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


def _image_permissions(model: Model) -> Iterator[tuple[str, str]]:
    images = [found for container in model.containers if (found := _ECR.match(container.get("Image", "")))]
    if images:
        yield "ecr:GetAuthorizationToken", "*"
    for image in images:
        registry = f"arn:{model.scope.partition}:ecr:{image['region']}:{image['account']}"
        repository = f"{registry}:repository/{image['repository']}"
        yield from ((f"ecr:{action}", repository) for action in _PULL)


def _vpc_permissions(model: Model) -> Iterator[tuple[str, str]]:
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


def _key_permissions(job: TransformJob) -> Iterator[tuple[str, str]]:
    """The role must be allowed to encrypt with the output's key (API reference, OutputDataConfig)."""
    if key := job.request["TransformOutput"].get("KmsKeyId"):
        yield "kms:Encrypt", key
