"""Where IAM is enforced: sessions of roles for SageMaker and Step Functions, and what a call to SageMaker is about.

STS gives a session to a principal that the role trusts, and AWS's own services are no callers that
could sign a request: so the role's trust is looked at here, and the session registered with the
emulator's STS.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator  # type: ignore[import-untyped]  # it has no types
from ministack.services import iam, sts  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.clients import Credentials
from batch_transform.local.emulator.enforcement import refusals
from batch_transform.local.emulator.enforcement.calls import Call
from batch_transform.local.emulator.enforcement.permissions import ServiceCaller, denial, document
from batch_transform.local.emulator.operations import HttpAnswer
from batch_transform.local.emulator.service import NAME, current_scope
from batch_transform.local.sagemaker.resource import Scope

_KINDS = {
    "TransformJobName": "transform-job",
    "ModelName": "model",
    "EndpointName": "endpoint",
    "EndpointConfigName": "endpoint-config",
    "ModelPackageGroupName": "model-package-group",
    "ModelPackageName": "model-package",
}


def assume_role(role_arn: str, *, service: str, session_name: str, source_arn: str) -> Credentials:
    """Return a session of the role for a service principal, the same one each time.

    `source_arn` is the resource for which the service acts: with its account, it is what a role's trust may
    demand against confused deputies. Raises RefusedRequestError with AWS's text when the role is not there or
    does not trust the service.
    """
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name)
    if role is None or not trusts(role, ServiceCaller(service, source_arn)):
        refusals.tell(service, "sts:AssumeRole", role_arn)
        raise RefusedRequestError(
            "ValidationException",
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            f"'{service}' to assume the role.",
        )
    digest = hashlib.sha256(f"{role_arn} {service}".encode()).hexdigest()
    credentials = Credentials(f"ASIA{digest[:16].upper()}", digest[16:40], digest[40:])
    sts.register_session(
        credentials.access_key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
            "UserId": f"{role['RoleId']}:{session_name}",
            "SecretAccessKey": credentials.secret_key,
            "SessionToken": credentials.token,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
        },
    )
    return credentials


def plug_in() -> None:
    """Tell the emulator which resource a call to SageMaker, or to CloudWatch Logs, is about: policies name it."""
    resource_of_others = iam_actions.extract_resource_arn

    def resource_of(service: str, *request: Any) -> str:  # noqa: ANN401  # the emulator's arguments
        found = str(resource_of_others(service, *request))
        if service == "logs":
            return _log_stream(found, _parsed(request[3]))
        if service == "events":  # the ARN of a rule on the default bus has no bus in it
            return found.replace(":rule/default/", ":rule/")
        if service != NAME:
            return found
        body, region, account = request[3], request[5], request[6]
        return _resource(_parsed(body), Scope(account, region))

    iam_actions.extract_resource_arn = resource_of


def refuse_tags(call: Call) -> HttpAnswer | None:
    """Return the refusal of a Create call that sets tags without the permission for them; None lets it pass.

    SageMaker asks for AddTags beside the call's own action (Service Authorization Reference,
    dependent actions of CreateTransformJob); the emulator looks at the call's own.
    """
    request = _parsed(call.body)
    if not call.operation.startswith("Create") or not request.get("Tags"):
        return None
    denied = denial(call.caller, "sagemaker:AddTags", _resource(request, current_scope()))
    return call.refused(denied) if denied else None


def _log_stream(found: str, request: Mapping[str, Any]) -> str:
    """CloudWatch Logs names a group in a policy check with its stream, even where there is none.

    A public report of such a refusal ends in `log-group:/aws/sagemaker/TransformJobs:log-stream:`
    (sagemaker-python-sdk issue 3997); a policy for the group thus ends in `:*`.
    """
    if ":log-group:" not in found or found.endswith(":*"):
        return found
    return f"{found}:log-stream:{request.get('logStreamName') or ''}"


def _resource(request: Mapping[str, Any], scope: Scope) -> str:
    """Return the ARN of what the request names, `*` when it names nothing: ListModels, say."""
    for member in ("ResourceArn", "ModelPackageArn"):
        if isinstance(request.get(member), str):
            return str(request[member])
    for member, kind in _KINDS.items():  # a job before its model, an endpoint before its configuration
        if isinstance(name := request.get(member), str):
            return name if name.startswith("arn:") else scope.arn(kind, name)
    return "*"


def _parsed(body: bytes) -> dict[str, Any]:
    """Return the request, empty when it is none: the service says so."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def trusts(role: Mapping[str, Any], caller: ServiceCaller) -> bool:
    """Say whether the role's trust policy lets the service in.

    The emulator's evaluator knows no service principals, so what does not speak of this one is left
    out, and the rest (effect, action, condition) is the evaluator's.
    """
    policy = document(role.get("AssumeRolePolicyDocument"))
    statements = policy.get("Statement", [])
    ours = [
        {**statement, "Principal": "*"}
        for statement in (statements if isinstance(statements, list) else [statements])
        if _names_service(statement.get("Principal"), caller.principal)
    ]
    context = iam_evaluator.EvalContext(
        principal_arn=caller.principal,
        principal_type="Service",
        principal_account=caller.source_account,
        action="sts:AssumeRole",
        resource_arn=role["Arn"],
        region="",
        service_context=caller.context,
    )
    return bool(iam_evaluator.evaluate_trust_policy({**policy, "Statement": ours}, caller.principal, context))


def _names_service(principal: object, service: str) -> bool:
    if not isinstance(principal, dict):
        return principal == "*"
    named = principal.get("Service", [])
    return service in (named if isinstance(named, list) else [named])
