"""Permissions for log groups under a KMS key: the key's policy must let CloudWatch Logs use it.

CloudWatch Logs User Guide, "Encrypt log data using AWS KMS", lists the actions and the condition on
`kms:EncryptionContext:aws:logs:arn`. Another key is refused with the text below.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ministack.services import cloudwatch_logs  # type: ignore[import-untyped]  # it has no types
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator import operations
from batch_transform.local.emulator.enforcement.calls import Call, refuse_calls
from batch_transform.local.emulator.enforcement.keys import KeyUse, refusal
from batch_transform.local.emulator.enforcement.permissions import ServiceCaller
from batch_transform.local.emulator.operations import HttpAnswer
from batch_transform.local.emulator.sagemaker_service import current_scope

TYPE = "AWS::Logs::LogGroup"
ACTIONS = (
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:DescribeKey",
)


def plug_in() -> None:
    """Check the key when a log group gets it, in calls and in templates."""
    refuse_calls("logs", _refuse)
    handlers = provisioners._RESOURCE_HANDLERS[TYPE]
    create = handlers["create"]

    def create_checked(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> object:
        name = properties.get("LogGroupName") or f"/aws/cloudformation/{stack_name}/{logical_id}"
        if why := _why_not(properties.get("KmsKeyId"), str(name)):
            raise ValueError(why)  # fails the resource, with its text as the reason
        return create(logical_id, properties, stack_name)

    handlers["create"] = create_checked


def _refuse(call: Call) -> HttpAnswer | None:
    if call.operation not in ("CreateLogGroup", "AssociateKmsKey"):
        return None
    request = json.loads(call.body or b"{}")
    why = _why_not(request.get("kmsKeyId"), str(request.get("logGroupName", "")))
    if why is None:
        return _associated(request) if call.operation == "AssociateKmsKey" else None
    return operations.refusal("InvalidParameterException", why)


def _associated(request: Mapping[str, Any]) -> HttpAnswer | None:
    """Set the key, which the emulator can't. It refuses a group that doesn't exist."""
    group = cloudwatch_logs._log_groups.get(request.get("logGroupName"))
    if group is None:
        return None
    group["kmsKeyId"] = request["kmsKeyId"]
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"


def _why_not(key: str | None, group: str) -> str | None:
    if key is None:
        return None
    scope = current_scope()
    arn = f"arn:{scope.partition}:logs:{scope.region}:{scope.account}:log-group:{group}"
    caller = ServiceCaller(f"logs.{scope.region}.amazonaws.com", arn)
    for action in ACTIONS:
        if (why := refusal(KeyUse(key, action, "logs", {"aws:logs:arn": arn}), caller)) is not None:
            return f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}' ({why.message})"
    return None
