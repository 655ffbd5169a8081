"""AWS::SageMaker::Model for the emulator's CloudFormation.

As on AWS, Ref is the model's ARN, and GetAtt ModelName its name. A change to any property except Tags replaces the
model (CloudFormation template reference, AWS::SageMaker::Model).
"""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator import resources
from batch_transform.local.emulator.resources import Created, Properties
from batch_transform.local.emulator.sagemaker_service import current_scope
from batch_transform.local.sagemaker.service import SageMaker

TYPE = "AWS::SageMaker::Model"
_NAME_LENGTH = 63
_REPLACING = (
    "Containers",
    "EnableNetworkIsolation",
    "ExecutionRoleArn",
    "InferenceExecutionConfig",
    "ModelName",
    "PrimaryContainer",
    "VpcConfig",
)


class ModelResource:
    """Creates, updates and deletes models for a stack."""

    def __init__(self, sagemaker: SageMaker) -> None:
        self._sagemaker = sagemaker

    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Created:
        """Return the model's ARN and its attributes."""
        name = properties.get("ModelName") or resources.physical_name(stack_name, logical_id, _NAME_LENGTH)
        request = {**properties, "ModelName": name}
        if "EnableNetworkIsolation" in request:  # a template may give a boolean as a string
            request["EnableNetworkIsolation"] = str(request["EnableNetworkIsolation"]).lower() == "true"
        arn = self._call("CreateModel", request)["ModelArn"]
        return arn, {"ModelName": name}

    def update(self, arn: str, old: Properties, new: Properties, stack_name: str) -> Created:
        """Change the tags. The emulator replaces the model if anything else changed."""
        del stack_name
        kept, given = ({tag["Key"]: tag["Value"] for tag in tags.get("Tags") or []} for tags in (old, new))
        dropped = sorted(set(kept) - set(given))
        if dropped:
            self._call("DeleteTags", {"ResourceArn": arn, "TagKeys": dropped})
        if given:
            tags = [{"Key": key, "Value": value} for key, value in given.items()]
            self._call("AddTags", {"ResourceArn": arn, "Tags": tags})
        return arn, {"ModelName": self._sagemaker.model_with_arn(current_scope(), arn).name}

    def delete(self, arn: str, properties: Properties) -> None:
        """Delete the model. As in CloudFormation, it may already be gone."""
        del properties
        try:
            name = self._sagemaker.model_with_arn(current_scope(), arn).name
        except RefusedRequestError:
            return
        self._call("DeleteModel", {"ModelName": name})

    def _call(self, operation: str, request: Properties) -> dict[str, Any]:
        try:
            return self._sagemaker.call(operation, request, current_scope())
        except RefusedRequestError as error:
            # the emulator makes a failed resource of any ValueError, with its text as the reason
            raise ValueError(
                f"{error.message} (Service: SageMaker, Status Code: 400, Error: {error.code})"
            ) from error


def plug_in(sagemaker: SageMaker) -> None:
    """Register the resource type."""
    resource = ModelResource(sagemaker)
    resources.register(
        TYPE, create=resource.create, update=resource.update, delete=resource.delete, replacing=_REPLACING
    )
    provisioners._CUSTOM_NAME_REPLACEMENT[TYPE] = {"name": "ModelName"}
    provisioners._STACK_TAG_PROPERTY[TYPE] = ("Tags", "list")
