"""The models of the local SageMaker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.sagemaker.resource import RequestedResource


@dataclass
class Model(RequestedResource):
    """A model: one container, or the containers of an inference pipeline."""

    KIND: ClassVar[str] = "model"
    NAME_MEMBER: ClassVar[str] = "ModelName"

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """The containers in the order in which they run; most models have one."""
        primary = self.request.get("PrimaryContainer")
        return [primary] if primary else list(self.request.get("Containers", []))


def check(model: Model) -> None:
    """Raise RefusedRequestError for what the shapes of the API don't express."""
    if "PrimaryContainer" in model.request and "Containers" in model.request:
        raise RefusedRequestError(
            "ValidationException",
            "a model has PrimaryContainer or Containers, not both: leave one of them out",
        )
    if not model.containers:
        raise RefusedRequestError(
            "ValidationException", "a model has PrimaryContainer or at least one of Containers"
        )
    for container in model.containers:
        if "Image" not in container and "ModelPackageName" not in container:
            raise RefusedRequestError("ValidationException", "a container has an Image or a ModelPackageName")


def describe(model: Model) -> dict[str, Any]:
    """Return the answer of DescribeModel."""
    return {
        "EnableNetworkIsolation": False,
        **model.request,
        "ModelArn": model.arn,
        "CreationTime": model.created,
    }
