"""Permissions that a call needs in addition to its own: the dependent actions of the Service Authorization Reference.

- `iam:PassRole`: whoever passes a role to a service needs the permission for that role and that service (IAM User
  Guide, "Grant a user permissions to pass a role to an AWS service"). CreateTransformJob passes none: its role is the
  model's, and "Passing roles" in SageMaker's guide does not list it.
- `sagemaker:AddTags`, for a Create call of SageMaker that sets tags.
- `kms:CreateGrant`, for the key of a transform job's volume: whoever creates the job gives SageMaker a grant for it,
  and conditions see that the grant is for an AWS resource (Developer Guide of SageMaker, "API permissions"). EC2 also
  requires `kms:DescribeKey` (EBS User Guide, "Requirements for Amazon EBS encryption").
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from batch_transform.local.emulator import operations
from batch_transform.local.emulator.enforcement.call_resources import members, sagemaker_resource
from batch_transform.local.emulator.enforcement.calls import Call, refuse_calls
from batch_transform.local.emulator.enforcement.keys import KeyUse, refusal
from batch_transform.local.emulator.enforcement.permissions import denial
from batch_transform.local.emulator.operations import HttpAnswer
from batch_transform.local.emulator.sagemaker_service import NAME, current_scope

# Service of the emulator -> the principal that gets the role, and the operations that pass one.
_PASSING: dict[str, tuple[str, tuple[str, ...]]] = {
    "lambda": ("lambda.amazonaws.com", ("CreateFunction", "UpdateFunctionConfiguration")),
    "states": ("states.amazonaws.com", ("CreateStateMachine", "UpdateStateMachine")),
    "scheduler": ("scheduler.amazonaws.com", ("CreateSchedule", "UpdateSchedule")),
    "events": ("events.amazonaws.com", ("PutRule", "PutTargets")),
    "sagemaker": ("sagemaker.amazonaws.com", ("CreateModel",)),
}
_MEMBERS = ("Role", "roleArn", "RoleArn", "ExecutionRoleArn")
_GRANTED = ("Decrypt", "DescribeKey", "GenerateDataKeyWithoutPlaintext", "CreateGrant")


def plug_in() -> None:
    """Check the permissions in each of these calls."""
    for service in _PASSING:
        refuse_calls(service, _refuse_role)
    refuse_calls(NAME, _refuse_volume_key, _refuse_tags)


def _refuse_role(call: Call) -> HttpAnswer | None:
    principal, operations = _PASSING[call.service]
    if call.operation not in operations:
        return None
    for role_arn in _roles(call.body):
        if why := denial(call.caller, "iam:PassRole", role_arn, {"iam:PassedToService": principal}):
            return call.refused(why)
    return None


def _roles(body: bytes) -> Iterator[str]:
    """Yield every role that the request names, also in targets; the service itself rejects text that is not JSON."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return
    targets = request.get("Targets") or [request.get("Target") or {}]
    for part in (request, *targets):
        yield from _named(part)


def _named(part: Any) -> Iterator[str]:  # noqa: ANN401  # JSON
    if isinstance(part, dict):
        yield from (str(part[name]) for name in _MEMBERS if isinstance(part.get(name), str))


def _refuse_tags(call: Call) -> HttpAnswer | None:
    request = members(call.body)
    if not call.operation.startswith("Create") or not request.get("Tags"):
        return None
    denied = denial(call.caller, "sagemaker:AddTags", sagemaker_resource(request, current_scope()))
    return call.refused(denied) if denied else None


def _refuse_volume_key(call: Call) -> HttpAnswer | None:
    if call.operation != "CreateTransformJob":
        return None
    request = members(call.body)
    resources = request.get("TransformResources")
    key = resources.get("VolumeKmsKeyId") if isinstance(resources, dict) else None
    if not isinstance(key, str):
        return None
    for use in (
        KeyUse(key, "kms:DescribeKey", NAME, {}),
        KeyUse(key, "kms:CreateGrant", NAME, {}, _GRANTED),
    ):
        if (refused := refusal(use, call.caller)) is not None:
            return operations.refusal(refused.code, refused.message)
    return None
