"""The condition keys of CreateTransformJob, from the request.

Service Authorization Reference, CreateTransformJob; SageMaker Developer Guide, "SageMaker identity-based policy
examples". A key that the request lacks isn't there. Which ARN AWS shows for a key's id, or for the name of an alias,
isn't documented: here, the one in the caller's account and region.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.enforcement.call_resources import members
from batch_transform.local.emulator.sagemaker_service import NAME, current_scope
from batch_transform.local.sagemaker.resource import Scope


def plug_in() -> None:
    """Let the emulator's checks see the keys."""
    context_of_others = iam_actions.request_tag_context

    def context_of(
        service: str, iam_action: str, body: bytes, params: Mapping[str, Any]
    ) -> dict[str, str | list[str]]:
        found: dict[str, str | list[str]] = context_of_others(service, iam_action, body, params)
        if service != NAME or iam_action != "sagemaker:CreateTransformJob":
            return found
        return {**found, **transform_job_keys(members(body), current_scope())}

    iam_actions.request_tag_context = context_of


def transform_job_keys(request: Mapping[str, Any], scope: Scope) -> dict[str, str | list[str]]:
    """Return the condition keys of a CreateTransformJob request."""
    output, resources = (_part(request, name) for name in ("TransformOutput", "TransformResources"))
    keys: dict[str, str | list[str]] = {}
    if isinstance(instance_type := resources.get("InstanceType"), str):
        keys["sagemaker:InstanceTypes"] = [instance_type]
    if isinstance(model := request.get("ModelName"), str):
        keys["sagemaker:ModelArn"] = scope.arn("model", model)
    for name, key in (
        ("sagemaker:OutputKmsKey", output.get("KmsKeyId")),
        ("sagemaker:VolumeKmsKey", resources.get("VolumeKmsKeyId")),
    ):
        if isinstance(key, str) and key:
            keys[name] = _key_arn(key, scope)
    return keys


def _part(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = request.get(name)
    return part if isinstance(part, Mapping) else {}


def _key_arn(key: str, scope: Scope) -> str:
    if key.startswith("arn:"):
        return key
    resource = key if key.startswith("alias/") else f"key/{key}"
    return f"arn:{scope.partition}:kms:{scope.region}:{scope.account}:{resource}"
