"""A container image that can change without a deployment."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource, as_list, text
from batch_transform_nag.rule import Compliance, Finding, RuleResult

_REFERENCE = "\0"


def image_not_pinned(resource: Resource) -> RuleResult:
    """Require a digest or a tag other than `latest` in each container's Image."""
    if resource.type != "AWS::SageMaker::Model":
        return Compliance.NOT_APPLICABLE
    containers = [
        resource.properties.get("PrimaryContainer"),
        *as_list(resource.properties.get("Containers")),
    ]
    images = [one["Image"] for one in containers if isinstance(one, dict) and "Image" in one]
    return [
        Finding(text(image), "the tag can be moved to another image")
        for image in images
        if not _is_pinned(image)
    ]


def _is_pinned(image: object) -> bool:
    """A name that ends with a reference is assumed to have its tag there."""
    name = text(image, reference=_REFERENCE).rpartition("/")[2]
    return "@" in name or name.endswith(_REFERENCE) or (":" in name and not name.endswith(":latest"))
