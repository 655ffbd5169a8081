"""Whether a caller, or one of AWS's services, may do something: the emulator's evaluator, asked directly."""

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
    """Set when it is not a policy that refuses: a key that is disabled, say."""

    @property
    def message(self) -> str:
        """What the caller gets to read."""
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
    """A service of AWS's that acts by itself, for a resource of the account: `events.amazonaws.com` for a rule."""

    principal: str
    source_arn: str
    tells_source: bool = True
    """Whether the other service learns for which resource it acts."""

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
            **(source if self.tells_source else {}),
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
    """Return why the holder of the key may not, None when they may; the account's root may everything.

    `policy` is the resource's own. With `policy_must_allow` it must let the account in, as a key's policy must.
    A denial that is not final is not told: something else may allow it.
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
    """Return why the resource's policy does not let the service in, None when it does; `is_final` as in `denial`."""
    evaluated = iam_evaluator.EvalContext(
        principal_arn="*",  # no principal of the account: `AWS: <account>` does not mean it
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=responses.get_region(),
        secure_transport=True,  # services talk to one another over TLS
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
    """Condition keys are matched in small letters; a sequence is a key with several values."""
    return {
        key.lower(): value if isinstance(value, str) else list(value)
        for key, value in (context or {}).items()
    }


def log_refusal(principal: str, action: str, resource: str) -> None:
    """Say that the principal, an ARN or a service, was refused."""
    logger.warning("refused: %s may not %s on %s", principal, action, resource)


def plug_in() -> None:
    """Tell of the calls that the emulator itself refuses for want of a permission."""
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
