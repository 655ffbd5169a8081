"""What a KMS key's own policy must say, so that AWS's services can use the key for what jobs hold.

People and roles of the key's account are let in by their own policies, which the account's statement in the key's
policy allows. Services have no such policy. Each function extends the policy of a key that this app defines, and
changes nothing of a key that was imported: whoever owns that one writes the same statement.
Statements that are there already are not repeated.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

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
