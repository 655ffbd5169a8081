"""Decides whether a caller, or a service of AWS, may do something, with the emulator's policy evaluator."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from ministack.core import iam_evaluator, responses, router  # type: ignore[import-untyped]  # it has no types

Context: TypeAlias = Mapping[str, "str | Sequence[str]"]
Policy: TypeAlias = "str | Mapping[str, Any] | None"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Denial:
    """A refusal. `message` is in AWS's words (IAM User Guide, "Troubleshoot access denied error messages")."""

    principal: str
    action: str
    resource: str
    explicit: bool
    reason: str = ""
    """The reason, if it isn't a policy: a disabled key, for example."""

    @property
    def message(self) -> str:
        """The text of the error."""
        if self.reason:
            return self.reason
        why = (
            "with an explicit deny in a policy"
            if self.explicit
            else f"because no policy allows the {self.action} action"
        )
        return f"User: {self.principal} is not authorized to perform: {self.action} on resource: {self.resource} {why}"


@dataclass(frozen=True)
class ServiceCaller:
    """A service of AWS that acts for a resource of the account: `events.amazonaws.com` for a rule."""

    principal: str
    source_arn: str
    shows_source: bool = True
    """Whether the other service sees for which resource it acts."""

    @property
    def source_account(self) -> str:
        """The account of that resource."""
        return self.source_arn.split(":")[4] or str(responses.get_account_id())

    @property
    def context(self) -> dict[str, str]:
        """The condition keys against confused deputies (IAM User Guide)."""
        source = {
            "aws:sourcearn": self.source_arn,
            "aws:sourceaccount": self.source_account,
            "aws:sourceowner": self.source_account,
        }
        return {
            **(source if self.shows_source else {}),
            "aws:principalisawsservice": "true",
            "aws:principalservicename": self.principal,
        }


def caller_of(headers: Mapping[str, str], query_params: Mapping[str, Any] | None = None) -> str:
    """Return the access key that signed a request."""
    return str(router.extract_access_key_id(headers, query_params or {}) or "")


def denial(
    access_key: str,
    action: str,
    resource: str,
    context: Context | None = None,
    *,
    policy: Policy = None,
    policy_must_allow: bool = False,
    is_final: bool = True,
) -> Denial | None:
    """Return why the holder of the access key may not do this, or None if they may. The root may do everything.

    `policy` is the policy of the resource. With `policy_must_allow`, it must allow the account, as a key's policy must.
    A denial that isn't final isn't logged: something else may allow the action.
    """
    account = responses.get_account_id()
    principal = iam_evaluator.resolve_principal(access_key, account)
    if isinstance(principal, iam_evaluator.AuthError):
        return Denial(access_key, action, resource, explicit=False)
    if principal.policies is None:
        return None
    evaluated = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource,
        region=responses.get_region(),
        secure_transport=True,
        service_context=_lower(context),
        principal_keys=principal.keys,
    )
    result = iam_evaluator.evaluate(evaluated, principal.policies, *principal.limits)
    if policy is not None or policy_must_allow:
        result = iam_evaluator.combine_resource_policy(
            result, evaluated, policy, account, required=policy_must_allow, limits=principal.limits
        )
    if result.decision == "Allow":
        return None
    if is_final:
        log_refusal(principal.arn, action, resource)
    return Denial(principal.arn, action, resource, explicit=result.decision == "Deny")


def service_denial(
    caller: ServiceCaller,
    action: str,
    resource: str,
    policy: Policy,
    context: Context | None = None,
    *,
    is_final: bool = True,
) -> Denial | None:
    """Return why the policy of the resource refuses the service, or None if it allows it; `is_final` as in `denial`."""
    evaluated = iam_evaluator.EvalContext(
        principal_arn="*",  # not a principal of the account: `AWS: <account>` doesn't match it
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=responses.get_region(),
        secure_transport=True,  # services call each other over TLS
        service_context={**caller.context, **_lower(context)},
    )
    result = iam_evaluator.evaluate_resource_policy(policy, evaluated, service=caller.principal)
    if result.decision == "Allow":
        return None
    if is_final:
        log_refusal(caller.principal, action, resource)
    return Denial(caller.principal, action, resource, explicit=result.decision == "Deny")


def document(policy: Policy) -> dict[str, Any]:
    """Return a policy as an object."""
    if not policy:
        return {}
    return cast("dict[str, Any]", json.loads(policy)) if isinstance(policy, str) else dict(policy)


def _lower(context: Context | None) -> dict[str, Any]:
    """Return the condition keys in lower case, as the evaluator matches them; a sequence has several values."""
    return {
        key.lower(): value if isinstance(value, str) else list(value)
        for key, value in (context or {}).items()
    }


def log_refusal(principal: str, action: str, resource: str) -> None:
    """Log that a principal, an ARN or a service, was refused: nobody else reports a delivery that isn't made."""
    logger.warning("refused: %s may not %s on %s", principal, action, resource)


def plug_in() -> None:
    """Log the calls that the emulator itself refuses."""
    enforce = iam_evaluator.enforce

    def enforce_and_log(  # noqa: PLR0917  # the emulator's arguments
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> object:
        denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if denied is not None and not isinstance(denied, iam_evaluator.AuthError):
            log_refusal(denied.principal_arn, iam_action, resource_arn)
        return denied

    iam_evaluator.enforce = enforce_and_log
