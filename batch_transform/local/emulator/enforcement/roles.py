"""Sessions of roles for SageMaker, Step Functions and other services of AWS's, where IAM is enforced.

STS gives a session to a principal that the role trusts. AWS's own services can't sign a request to it: so the role's
trust is checked here, and the session is registered with the emulator's STS.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator  # type: ignore[import-untyped]  # it has no types
from ministack.services import iam, sts  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.clients import Credentials
from batch_transform.local.emulator.enforcement.permissions import ServiceCaller, document, log_refusal


def assume_role(role_arn: str, *, service: str, session_name: str, source_arn: str) -> Credentials:
    """Return a session of the role for a service principal, the same one each time.

    `source_arn` is the resource for which the service acts; a trust policy may require it, or its account, against
    confused deputies. Raises RefusedRequestError, with AWS's text, if the role doesn't exist or doesn't trust the
    service.
    """
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name)
    if role is None or not trusts(role, ServiceCaller(service, source_arn)):
        log_refusal(service, "sts:AssumeRole", role_arn)
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


def trusts(role: Mapping[str, Any], caller: ServiceCaller) -> bool:
    """Return whether the trust policy of the role allows the service.

    The emulator's evaluator doesn't know service principals. So only the statements for this one are evaluated.
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
