"""Statements of IAM policies, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from aws_cdk import aws_iam as iam

Conditions: TypeAlias = "Mapping[str, Mapping[str, str | list[str]]]"


@dataclass(frozen=True)
class Statement:
    """One statement that allows `actions` on `resources`.

    It is a value, not a construct: a job's template has more statements than anything else, and each construct is a
    round trip to the CDK's kernel.
    """

    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Conditions | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the statement as the CDK writes it: a single action or resource is not in a list."""
        condition = {"Condition": self.conditions} if self.conditions else {}
        return {
            "Effect": "Allow",
            "Action": _one_or_list(self.actions),
            "Resource": _one_or_list(self.resources),
            **condition,
        }

    def as_construct(self) -> iam.PolicyStatement:
        """Return the statement for a role that the app provides."""
        return iam.PolicyStatement(
            actions=list(self.actions), resources=list(self.resources), conditions=self.conditions
        )


def policy_document(statements: Iterable[Statement]) -> dict[str, Any]:
    """Return a policy document with each of these statements once."""
    written: list[dict[str, Any]] = []
    for statement in statements:
        if (as_json := statement.as_json()) not in written:
            written.append(as_json)
    return {"Version": "2012-10-17", "Statement": written}


def _one_or_list(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
