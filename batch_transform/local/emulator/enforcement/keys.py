"""Permissions for KMS keys: to use one directly, through another service, or by a grant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core import responses  # type: ignore[import-untyped]  # it has no types
from ministack.services import kms  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.enforcement.permissions import (
    Denial,
    ServiceCaller,
    denial,
    log_refusal,
    service_denial,
)


@dataclass(frozen=True)
class KeyRefusal:
    """Why a key can't be used. `code` is KMS's error code."""

    code: str
    message: str


@dataclass(frozen=True)
class KeyUse:
    """One use of a key, by a service for its caller.

    `key` is a key's id or ARN, or an alias. `via` is the service that calls KMS, such as `s3`, for the condition
    `kms:ViaService`. `encryption_context` is what this service binds the ciphertext to.
    """

    key: str
    action: str
    via: str
    encryption_context: Mapping[str, str]
    grant_operations: tuple[str, ...] = ()

    @property
    def context(self) -> dict[str, Any]:
        """The condition keys of KMS (Developer Guide of KMS, "AWS KMS condition keys")."""
        context: dict[str, Any] = {
            "kms:CallerAccount": responses.get_account_id(),
            # In all regions: the emulator gives AWS::URLSuffix, which the templates name, the value of `aws` alone.
            "kms:ViaService": f"{self.via}.{responses.get_region()}.amazonaws.com",
            "kms:EncryptionContextKeys": list(self.encryption_context),
        }
        context |= {f"kms:EncryptionContext:{name}": value for name, value in self.encryption_context.items()}
        if self.key.rpartition(":")[2].startswith("alias/"):
            context["kms:RequestAlias"] = self.key.rpartition(":")[2]
        if self.action == "kms:CreateGrant":
            context |= {
                "kms:GrantIsForAWSResource": "true",
                "kms:GrantOperations": list(self.grant_operations),
            }
        return context


def refusal(use: KeyUse, caller: str | ServiceCaller) -> KeyRefusal | None:
    """Return why the caller, an access key or a service, may not use the key; None if it may."""
    found = kms._resolve_key(use.key)
    if found is None:
        return KeyRefusal(
            "NotFoundException", f"Key '{use.key}' does not exist, or not in this account and region"
        )
    if found["KeyState"] != "Enabled":
        code = "DisabledException" if found["KeyState"] == "Disabled" else "KMSInvalidStateException"
        return KeyRefusal(code, f"{found['Arn']} is {found['KeyState']}")
    refused = _denial(use, caller, found)
    if refused is None or _is_granted(use, refused, found):
        return None
    log_refusal(refused.principal, refused.action, refused.resource)
    return KeyRefusal("AccessDeniedException", refused.message)


def _denial(use: KeyUse, caller: str | ServiceCaller, key: Mapping[str, Any]) -> Denial | None:
    context = {**use.context, "kms:ResourceAliases": _aliases(key)}
    if isinstance(caller, ServiceCaller):
        return service_denial(caller, use.action, key["Arn"], key.get("Policy"), context, is_final=False)
    return denial(
        caller,
        use.action,
        key["Arn"],
        context,
        policy=key.get("Policy") or "",
        policy_must_allow=True,
        is_final=False,
    )


def _aliases(key: Mapping[str, Any]) -> list[str]:
    return [arn.rpartition(":")[2] for arn, key_id in kms._aliases.items() if key_id == key["KeyId"]]


def _is_granted(use: KeyUse, refused: Denial, key: Mapping[str, Any]) -> bool:
    """A grant lets its grantee use the key, unless a policy denies it explicitly."""
    operation = use.action.removeprefix("kms:")
    return not refused.explicit and any(
        grant["KeyId"] == key["Arn"]
        and operation in grant["Operations"]
        and _is_same(grant["GranteePrincipal"], refused.principal)
        for grant in kms._grants.values()
    )


def _is_same(grantee: str, principal: str) -> bool:
    """Return whether a grantee is this principal: a role's session has another ARN than the role."""
    if ":assumed-role/" not in principal:
        return grantee == principal
    account, name = principal.split(":")[4], principal.split("/")[1]
    return grantee == principal or (
        grantee.startswith(f"arn:aws:iam::{account}:role/") and grantee.rpartition("/")[2] == name
    )
