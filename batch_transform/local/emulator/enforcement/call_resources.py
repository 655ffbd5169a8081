"""The resource of a call, as policies name it, if the emulator names another one or none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.sagemaker_service import NAME
from batch_transform.local.sagemaker.resource import Scope

_KINDS = {
    "TransformJobName": "transform-job",
    "ModelName": "model",
    "EndpointName": "endpoint",
    "EndpointConfigName": "endpoint-config",
    "ModelPackageGroupName": "model-package-group",
    "ModelPackageName": "model-package",
}


def plug_in() -> None:
    """Let the emulator's checks use the resources that policies name."""
    resource_of_others = iam_actions.extract_resource_arn

    def resource_of(service: str, *request: Any) -> str:  # noqa: ANN401  # the emulator's arguments
        found = str(resource_of_others(service, *request))
        if service == "logs":
            return _log_stream(found, members(request[3]))
        if service == "events":  # the ARN of a rule on the default bus has no bus in it
            return found.replace(":rule/default/", ":rule/")
        if service != NAME:
            return found
        body, region, account = request[3], request[5], request[6]
        return sagemaker_resource(members(body), Scope(account, region))

    iam_actions.extract_resource_arn = resource_of


def _log_stream(found: str, request: Mapping[str, Any]) -> str:
    """Return the log group with its stream, as CloudWatch Logs names it in policy checks even without a stream.

    A public report of such a refusal ends in `log-group:/aws/sagemaker/TransformJobs:log-stream:`
    (sagemaker-python-sdk issue 3997); so a policy for the group ends in `:*`.
    """
    if ":log-group:" not in found or found.endswith(":*"):
        return found
    return f"{found}:log-stream:{request.get('logStreamName') or ''}"


def sagemaker_resource(request: Mapping[str, Any], scope: Scope) -> str:
    """Return the ARN of the resource that a request names, or `*`, as for ListModels."""
    for member in ("ResourceArn", "ModelPackageArn"):
        if isinstance(request.get(member), str):
            return str(request[member])
    for member, kind in _KINDS.items():  # a job before its model, an endpoint before its configuration
        if isinstance(name := request.get(member), str):
            return name if name.startswith("arn:") else scope.arn(kind, name)
    return "*"


def members(body: bytes) -> dict[str, Any]:
    """Return the members of a request. None if it isn't JSON: the service refuses it."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}
