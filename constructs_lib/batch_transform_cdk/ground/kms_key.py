"""KMS keys: how a job names one, what it takes to use it, and what the key's own policy must say.

A key's own policy lets in AWS's services, so that they can use the key for what jobs hold. People and roles of the
key's account are let in by their own policies, which the account's statement in the key's policy allows; services
have no such policy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from batch_transform.job.values.cdk_token import is_token
from batch_transform_cdk.ground.statement import Conditions, Statement
from batch_transform_cdk.ground.tokens import ACCOUNT_ID, PARTITION, REGION, URL_SUFFIX, key_arn

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


_PUBLISH = ("kms:GenerateDataKey*", "kms:Decrypt")
"""What SNS and SQS need of the key for whoever publishes (Developer Guides of both, "Key management")."""


def let_log_groups_use(key: kms.IKey) -> None:
    """Let CloudWatch Logs encrypt this account's log groups (User Guide, "Encrypt log data ... using AWS KMS").

    Of all principals here this one has the region and the partition's domain in its name: in China
    `logs.cn-north-1.amazonaws.com.cn` (the CDK's region-info). The others are called alike everywhere.
    """
    _allow(
        key,
        f"logs.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}",
        [
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:DescribeKey",
        ],
        # Not by name: a key has one policy of at most 32 KB for the groups of all jobs.
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": _arn("logs", "log-group:*")}},
    )


def let_alarms_publish(key: kms.IKey) -> None:
    """Let this account's CloudWatch alarms publish to a topic under the key."""
    _allow(
        key,
        "cloudwatch.amazonaws.com",
        _PUBLISH,
        {
            "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID},
            "ArnLike": {"aws:SourceArn": _arn("cloudwatch", "alarm:*")},
        },
    )


def let_rules_fill_queues(key: kms.IKey) -> None:
    """Let EventBridge rules send what they could not deliver to a queue under the key.

    EventBridge User Guide, "Encrypting EventBridge dead-letter queues".
    """
    _allow(
        key,
        "events.amazonaws.com",
        ("kms:GenerateDataKey", "kms:Decrypt"),
        {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
    )


def _allow(
    key: kms.IKey, service: str, actions: list[str] | tuple[str, ...], conditions: dict[str, dict[str, str]]
) -> None:
    key.add_to_resource_policy(
        iam.PolicyStatement(
            actions=list(actions),
            principals=[iam.ServicePrincipal(service)],
            resources=["*"],  # in a key's policy, this key
            conditions=conditions,
        )
    )


def _arn(service: str, resource: str) -> str:
    """An ARN of the account and region in which the key's policy is read."""
    return f"arn:{cdk.Aws.PARTITION}:{service}:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:{resource}"
