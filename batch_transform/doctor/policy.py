"""Evaluates whether the policy of a resource gives access to an account."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from enum import Enum, auto
from fnmatch import fnmatchcase
from typing import Any


class Access(Enum):
    """Who in an account has access: those whom IAM allows, only principals that the policy names, or nobody."""

    ACCOUNT = auto()
    NAMED_ONLY = auto()
    NOBODY = auto()


def access_of(account: str, policy: str, actions: Collection[str]) -> Access:
    """Return the access that a policy gives to an account for all of `actions`.

    A principal is the account if it is `*`, the account's number or its root ARN (IAM User Guide, "AWS JSON policy
    elements: Principal"). Conditions and Deny statements aren't evaluated: they depend on the call.
    """
    whole: set[str] = set()
    named: set[str] = set()
    for statement in _statements(policy):
        if statement.get("Effect") != "Allow":
            continue
        allowed = {action for action in actions if _matches(action, _listed(statement.get("Action")))}
        principals = _principals(statement.get("Principal"))
        if any(one in {"*", account} or one.endswith(f"::{account}:root") for one in principals):
            whole |= allowed
        elif any(f"::{account}:" in one for one in principals):
            named |= allowed
    if whole >= set(actions):
        return Access.ACCOUNT
    return Access.NAMED_ONLY if whole | named >= set(actions) else Access.NOBODY


def trusts(policy: dict[str, Any] | str, service: str) -> bool:
    """Return whether a role's trust policy, as boto3 returns it, lets a service assume the role."""
    text = policy if isinstance(policy, str) else json.dumps(policy)
    return any(
        statement.get("Effect") == "Allow"
        and service in _listed((_mapping(statement.get("Principal"))).get("Service"))
        for statement in _statements(text)
    )


def _statements(policy: str) -> Iterator[dict[str, Any]]:
    found = json.loads(policy).get("Statement", [])
    yield from [found] if isinstance(found, dict) else found


def _principals(given: object) -> list[str]:
    return ["*"] if given == "*" else _listed(_mapping(given).get("AWS"))


def _mapping(given: object) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _listed(given: object) -> list[str]:
    if given is None:
        return []
    return [given] if isinstance(given, str) else [str(one) for one in given]  # type: ignore[attr-defined]


def _matches(action: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
