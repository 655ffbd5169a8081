"""The image of a container: a framework's, or an address that SageMaker pulls from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from batch_transform.job.aws.instance_types import INSTANCE_TYPES
from batch_transform.job.aws.request_shape import IMAGE_URI
from batch_transform.job.errors import Problem, UnknownImageError
from batch_transform.job.model.framework_images import frameworks, tag, versions
from batch_transform.job.rules.shape import shown, value_problems
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import FrameworkImage

# ACCOUNT.dkr.ecr.REGION.DOMAIN/; the FIPS and the dual-stack endpoints differ in the middle.
_ECR = re.compile(r"\d{12}\.dkr[.-]ecr[.-][a-z0-9.-]+/.+")
# What the local AWS serves besides images that are mapped to commands.
_LOCAL = re.compile(r"file://|http://(127\.0\.0\.1|localhost|\[::1\])[:/]")


def image_problems(
    field: str, image: FrameworkImage | str | None, instance_types: Sequence[str]
) -> Iterator[Problem]:
    """Check one container's image; a framework's also against the instance types."""
    if isinstance(image, str):
        found = list(value_problems(field, image, IMAGE_URI))
        yield from found
        if not found and not is_token(image):
            yield from _uri(field, image)
    elif isinstance(image, FrameworkImage) and not (is_token(image.framework) or is_token(image.version)):
        try:
            tag(image.framework, image.version)
            for instance_type in instance_types:
                if instance_type in INSTANCE_TYPES:
                    tag(image.framework, image.version, instance_type)
        except UnknownImageError as error:
            yield Problem("image-unknown", field, str(error))


def _uri(field: str, image: str) -> Iterator[Problem]:
    """SageMaker pulls from Amazon ECR (Developer Guide, "Use Your Own Inference Code with Batch Transform")."""
    framework, _, version = image.partition(":")
    if framework in frameworks():
        known = version if version in versions(framework) else versions(framework)[-1]
        yield Problem(
            "image-without-registry",
            field,
            f"{shown(image)} is no image URI; write {{framework: {framework}, version: {known}}}",
        )
    elif image.startswith("https://"):
        bare = image.removeprefix("https://")
        yield Problem("image-with-scheme", field, f"{shown(image)}: leave out https://; write {shown(bare)}")
    elif not _ECR.fullmatch(image) and not _LOCAL.match(image):
        yield Problem(
            "image-outside-ecr",
            field,
            f"{shown(image)} is in no private repository of Amazon ECR, where SageMaker takes images from; write "
            "ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG",
            severity="warning",
        )
