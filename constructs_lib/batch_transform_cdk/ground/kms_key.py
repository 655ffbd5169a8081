"""A KMS key as a job names it, and what it takes to use it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_kms as kms

from batch_transform.job.values.cdk_token import is_token
from batch_transform_cdk.ground.arn import ACCOUNT_ID, PARTITION, REGION, URL_SUFFIX
from batch_transform_cdk.ground.attributes import key_arn
from batch_transform_cdk.ground.statement import Conditions, Statement

_ALIAS = re.compile(r"(?:arn:[^:]+:kms:(?P<region>[^:]+):(?P<account>[^:]+):)?(?P<alias>alias/.+)")


@dataclass(frozen=True)
class KmsKey:
    """`text` is what SageMaker takes: a key's id or ARN, or an alias or its ARN; it may be a token for an ARN.

    `construct` is the key itself, where a CDK app has it: only then can its policy be extended.
    """

    text: str
    construct: kms.IKey | None = None

    @classmethod
    def of(cls, construct: kms.IKey) -> KmsKey:
        """Return the key of a CDK app."""
        return cls(key_arn(construct), construct)

    @property
    def resource(self) -> str:
        """The ARN for a policy: the key's; for an alias, which no policy can name, all keys where it is."""
        if is_token(self.text) or (self.text.startswith("arn:") and not self.alias):
            return self.text
        region, account, name = REGION, ACCOUNT_ID, self.text
        if alias := _ALIAS.fullmatch(self.text):
            region, account, name = alias["region"] or region, alias["account"] or account, "*"
        return f"arn:{PARTITION}:kms:{region}:{account}:key/{name}"

    @property
    def alias(self) -> str | None:
        """`alias/NAME`, and None where the key itself is named."""
        alias = _ALIAS.fullmatch(self.text)
        return alias["alias"] if alias else None

    def statement(self, *actions: str, conditions: Conditions | None = None) -> Statement:
        """Allow these actions on the key; by its alias where only that is known (KMS Developer Guide, ABAC)."""
        return Statement(
            actions=list(actions), resources=[self.resource], conditions=self.conditions(conditions)
        )

    def conditions(self, further: Conditions | None = None) -> Conditions:
        """Return the conditions of a statement on the key."""
        by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": self.alias}} if self.alias else {}
        return {**by_alias, **(further or {})}

    def s3_conditions(self, arns: Sequence[str]) -> Conditions:
        """Return conditions that let S3 alone use the key, for what lies at these ARNs.

        S3 binds an object's data key to the object's ARN, and to the bucket's where the bucket has a bucket key
        (S3 User Guide, "Encryption context"): give both for a bucket that is not ours.
        """
        return self.conditions(
            {**through_s3(), "StringLike": {"kms:EncryptionContext:aws:s3:arn": list(arns)}}
        )

    def volume_statements(self) -> list[Statement]:
        """Allow who creates a job to give SageMaker the use of the key for the job's volumes.

        Developer Guide of SageMaker, "API permissions": `kms:CreateGrant`. `kms:DescribeKey` is what EC2 asks
        for of who attaches an encrypted volume (EBS User Guide, "Requirements for Amazon EBS encryption").
        """
        return [
            self.statement("kms:CreateGrant", conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}}),
            self.statement("kms:DescribeKey"),
        ]

    def wildcards(self) -> dict[str, str]:
        """Return the wildcards of the statements, each with its reason."""
        return {self.resource: f"the condition limits it to keys with {self.alias}"} if self.alias else {}


def through_s3() -> Conditions:
    """Let S3 alone ask KMS in somebody's name."""
    return {"StringEquals": {"kms:ViaService": f"s3.{REGION}.{URL_SUFFIX}"}}
