"""`iam:PassRole`: who hands a role to a service needs the permission for that role and that service.

IAM User Guide, "Grant a user permissions to pass a role to an AWS service"; the Service Authorization
Reference names it as the dependent action of each of these calls. CreateTransformJob is none of them: its role
is the model's, and "Passing roles" in SageMaker's guide does not list it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from batch_transform.local.emulator.enforcement.calls import Call, refuse_calls
from batch_transform.local.emulator.enforcement.permissions import denial
from batch_transform.local.emulator.operations import HttpAnswer

# Service of the emulator -> the principal that gets the role, and the operations that hand one over.
_PASSING: dict[str, tuple[str, tuple[str, ...]]] = {
    "lambda": ("lambda.amazonaws.com", ("CreateFunction", "UpdateFunctionConfiguration")),
    "states": ("states.amazonaws.com", ("CreateStateMachine", "UpdateStateMachine")),
    "scheduler": ("scheduler.amazonaws.com", ("CreateSchedule", "UpdateSchedule")),
    "events": ("events.amazonaws.com", ("PutRule", "PutTargets")),
    "sagemaker": ("sagemaker.amazonaws.com", ("CreateModel",)),
}
_MEMBERS = ("Role", "roleArn", "RoleArn", "ExecutionRoleArn")


def plug_in() -> None:
    """Ask for the permission in each of these calls."""
    for service in _PASSING:
        refuse_calls(service, _refuse)


def _refuse(call: Call) -> HttpAnswer | None:
    principal, operations = _PASSING[call.service]
    if call.operation not in operations:
        return None
    for role_arn in _roles(call.body):
        if why := denial(call.caller, "iam:PassRole", role_arn, {"iam:PassedToService": principal}):
            return call.refused(why)
    return None


def _roles(body: bytes) -> Iterator[str]:
    """Yield every role that the request names, in targets as well; what is no JSON the service refuses itself."""
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
