"""A KMS key as a job names it, and what it takes to use it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from batch_transform.spec.cdk_token import is_token

_ALIAS = re.compile(r"(?:arn:[^:]+:kms:(?P<region>[^:]+):(?P<account>[^:]+):)?(?P<alias>alias/.+)")


@dataclass(frozen=True)
class KmsKey:
    """`text` is what SageMaker takes: a key's id or ARN, or an alias or its ARN; it may be a token for an ARN."""

    text: str

    @property
    def resource(self) -> str:
        """The ARN for a policy: the key's; for an alias, which no policy can name, all keys where it is."""
        if is_token(self.text) or (self.text.startswith("arn:") and not self.alias):
            return self.text
        region, account, name = cdk.Aws.REGION, cdk.Aws.ACCOUNT_ID, self.text
        if alias := _ALIAS.fullmatch(self.text):
            region, account, name = alias["region"] or region, alias["account"] or account, "*"
        return f"arn:{cdk.Aws.PARTITION}:kms:{region}:{account}:key/{name}"

    @property
    def alias(self) -> str | None:
        """`alias/NAME`, and None where the key itself is named."""
        alias = _ALIAS.fullmatch(self.text)
        return alias["alias"] if alias else None

    def statement(self, *actions: str) -> iam.PolicyStatement:
        """Allow these actions on the key; by its alias where only that is known (KMS Developer Guide, ABAC)."""
        by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": self.alias}} if self.alias else None
        return iam.PolicyStatement(actions=list(actions), resources=[self.resource], conditions=by_alias)

    def wildcards(self) -> dict[str, str]:
        """Return the wildcards of the statement, each with its reason."""
        return {self.resource: f"the condition limits it to keys with {self.alias}"} if self.alias else {}
