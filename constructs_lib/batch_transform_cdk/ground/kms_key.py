"""KMS keys: how a job names one, which permissions its use requires, and what the key's own policy must allow.

AWS services have no IAM policies, so the key's own policy must let them use the key for what jobs store. People and
roles of the key's account get access by their own policies, which the account's statement in the key policy permits.
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

ENCRYPTED = "kms:EncryptionContext:aws:s3:arn"
"""The condition key for the ARN to which S3 binds what it encrypts."""

_ALIAS = re.compile(r"(?:arn:[^:]+:kms:(?P<region>[^:]+):(?P<account>[^:]+):)?(?P<alias>alias/.+)")


@dataclass(frozen=True)
class KmsKey:
    """A KMS key as a job names it.

    `text` is what SageMaker accepts: a key's id or ARN, or an alias or its ARN. It may be a token for an ARN.
    `construct` is the key itself if the app has it: only then can its policy be extended.

    Usage::

        KmsKey.of(key)             # a key of the app
        KmsKey("alias/their-key")  # one that the app knows by name only
    """

    text: str
    construct: kms.IKey | None = None

    @classmethod
    def of(cls, construct: kms.IKey) -> KmsKey:
        """Return the key of a construct."""
        return cls(key_arn(construct), construct)

    @property
    def resource(self) -> str:
        """The ARN for a policy: the key's own, or for an alias, which no policy can name, all keys of its account."""
        if is_token(self.text) or (self.text.startswith("arn:") and not self.alias):
            return self.text
        region, account, name = REGION, ACCOUNT_ID, self.text
        if alias := _ALIAS.fullmatch(self.text):
            region, account, name = alias["region"] or region, alias["account"] or account, "*"
        return f"arn:{PARTITION}:kms:{region}:{account}:key/{name}"

    @property
    def alias(self) -> str | None:
        """`alias/NAME`, or None if the key itself is named."""
        alias = _ALIAS.fullmatch(self.text)
        return alias["alias"] if alias else None

    def statement(self, *actions: str, conditions: Conditions | None = None) -> Statement:
        """Allow these actions on the key, by its alias if only that is known (KMS Developer Guide, ABAC)."""
        return Statement(
            actions=list(actions), resources=[self.resource], conditions=self.conditions(conditions)
        )

    def conditions(self, further: Conditions | None = None) -> Conditions:
        """Return the conditions of a statement on the key."""
        by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": self.alias}} if self.alias else {}
        return {**by_alias, **(further or {})}

    def s3_conditions(self, arns: Sequence[str]) -> Conditions:
        """Return conditions that limit the use of the key to S3, for objects at these ARNs.

        S3 binds an object's data key to the object's ARN, or to the bucket's ARN if the bucket has a bucket key
        (S3 User Guide, "Encryption context"): give both for a bucket whose settings are not known.
        """
        return self.conditions({**through_s3(), "StringLike": {ENCRYPTED: list(arns)}})

    def volume_statements(self) -> list[Statement]:
        """Allow the creator of a transform job to let SageMaker use the key for the job's volumes.

        The SageMaker Developer Guide ("API permissions") requires `kms:CreateGrant`. EC2 requires `kms:DescribeKey`
        to attach an encrypted volume (EBS User Guide, "Requirements for Amazon EBS encryption").
        """
        return [
            self.statement("kms:CreateGrant", conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}}),
            self.statement("kms:DescribeKey"),
        ]

    def wildcards(self) -> dict[str, str]:
        """Return the wildcards in the statements, each with its reason."""
        return {self.resource: f"the condition limits it to the key of {self.alias}"} if self.alias else {}


def through_s3() -> Conditions:
    """Limit calls to KMS to those that S3 makes on behalf of the caller."""
    return {"StringEquals": {"kms:ViaService": f"s3.{REGION}.{URL_SUFFIX}"}}


_PUBLISH = ("kms:GenerateDataKey*", "kms:Decrypt")
"""What a publisher needs on the key of an SNS topic or SQS queue (Developer Guides, "Key management")."""


def let_log_groups_use(key: kms.IKey) -> None:
    """Let CloudWatch Logs encrypt this account's log groups (User Guide, "Encrypt log data ... using AWS KMS").

    This is the only service principal here with the region and the partition's domain in its name: in China it is
    `logs.cn-north-1.amazonaws.com.cn` (the CDK's region-info).
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
        # Not by name: one key policy, of at most 32 KB, covers the log groups of all jobs.
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": _arn("logs", "log-group:*")}},
    )


def let_alarms_publish(key: kms.IKey) -> None:
    """Let this account's CloudWatch alarms publish to topics that the key encrypts."""
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
    """Let EventBridge rules send undelivered events to queues that the key encrypts.

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
    """Return an ARN in the account and region of the key."""
    return f"arn:{cdk.Aws.PARTITION}:{service}:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:{resource}"
