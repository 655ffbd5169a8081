"""The topic that people are told through."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from batch_transform_cdk.ground.key_policy import let_alarms_publish


class NotificationTopic(Construct):
    """Define an SNS topic: encrypted, TLS only, open to this account's alarms and to roles that may publish.

    `email` are addresses that get each message; SNS asks each of them first, and tells them nothing until they
    have confirmed. `encryption_key` is a customer key, which lets alarms in: they cannot publish under SNS's own key,
    `alias/aws/sns`, whose policy nobody can change (SNS Developer Guide, "Key management").
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        encryption_key: kms.IKey,
        email: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = encryption_key
        self.topic = sns.Topic(self, "Resource", master_key=self.key)
        for address in email:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
        self._let_alarms_publish()
        self._take_tls_only()

    def _let_alarms_publish(self) -> None:
        from_alarms = {
            "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID},
            "ArnLike": {
                "aws:SourceArn": cdk.Stack.of(self).format_arn(
                    service="cloudwatch",
                    resource="alarm",
                    resource_name="*",
                    arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                )
            },
        }
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                resources=[self.topic.topic_arn],
                conditions=from_alarms,
            )
        )
        let_alarms_publish(self.key)

    def _take_tls_only(self) -> None:
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TlsOnly",
                effect=iam.Effect.DENY,
                actions=["sns:Publish"],
                principals=[iam.AnyPrincipal()],
                resources=[self.topic.topic_arn],
                conditions={"Bool": {"aws:SecureTransport": "false"}},
            )
        )
