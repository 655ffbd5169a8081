"""The image of a model's container, and the permissions to pull it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk

from batch_transform.job.model.framework_images import accounts_by_region, repository, tag
from batch_transform.job.values.job_spec import FrameworkImage
from batch_transform_cdk.ground.stack_part import once_per_stack
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import PARTITION, REGION, URL_SUFFIX

_ECR_URI = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<repository>[^:@]+)")


@dataclass(frozen=True)
class ContainerImage:
    """`uri` is the container's Image; `repository_arn` is None if the image is not in ECR."""

    uri: str
    repository_arn: str | None


def pull_statements(images: Sequence[ContainerImage]) -> list[Statement]:
    """Allow pulling these images from their repositories."""
    repositories = dict.fromkeys(image.repository_arn for image in images if image.repository_arn)
    if not repositories:
        return []
    return [
        # The action doesn't support resource-level permissions: a token is for the whole registry.
        Statement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        Statement(
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=list(repositories),
        ),
    ]


def container_image(stack: cdk.Stack, image: FrameworkImage | str, *, instance_type: str) -> ContainerImage:
    """Find the image that a job names.

    AWS publishes a framework's image from a different account in each region. The template holds these accounts as a
    mapping, so that one template works in every region.
    """
    if isinstance(image, FrameworkImage):
        return _framework_image(stack, image, instance_type)
    parts = _ECR_URI.match(image)
    if parts is None:
        return ContainerImage(uri=image, repository_arn=None)
    return ContainerImage(
        uri=image,
        repository_arn=f"arn:{PARTITION}:ecr:{parts['region']}:{parts['account']}:repository/{parts['repository']}",
    )


def _framework_image(stack: cdk.Stack, image: FrameworkImage, instance_type: str) -> ContainerImage:
    account = once_per_stack(stack, (__name__, image), lambda there: _account_of_images(there, image))
    name = repository(image.framework)
    return ContainerImage(
        uri=f"{account}.dkr.ecr.{REGION}.{URL_SUFFIX}/{name}:"
        f"{tag(image.framework, image.version, instance_type)}",
        repository_arn=f"arn:{PARTITION}:ecr:{REGION}:{account}:repository/{name}",
    )


def _account_of_images(stack: cdk.Stack, image: FrameworkImage) -> str:
    """Define the mapping of accounts, once for all jobs of the stack with this image; return the region's account."""
    accounts = cdk.CfnMapping(
        stack,
        f"ImageAccounts-{image.framework}-{image.version}",
        mapping={
            region: {"account": account}
            for region, account in accounts_by_region(image.framework, image.version).items()
        },
    )
    return accounts.find_in_map(REGION, "account")
