"""What jobs share to tell people of what went wrong."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from batch_transform_cdk.ground.acknowledgment import acknowledge_wildcards
from batch_transform_cdk.ground.kms_key import let_alarms_publish
from batch_transform_cdk.ground.stack_part import StackPart, once_per_stack
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import REGION, URL_SUFFIX, arn
from batch_transform_cdk.ground.workflow_function import WorkflowFunction


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


_ANY_KEY = arn("kms", "key/*")
_USE = ("kms:GenerateDataKey", "kms:Decrypt")
_THROUGH_SNS = {"StringEquals": {"kms:ViaService": f"sns.{REGION}.{URL_SUFFIX}"}}


class Notifications(Construct):
    """Define what jobs of a stack tell people through: a topic, if one of them needs it, and the function that writes.

    Usage::

        told = Notifications(self, "Notifications", email=["ops@example.com"])
        BatchTransform(self, "Tumours", job=job, notifications=told)

    - `email` are addresses that get each message, once they have confirmed.
    - `encryption_key` is the customer key of the topic. Default: a new one, for a dollar a month, since alarms cannot
      publish to a topic under SNS's own key.
    - `topic` takes the place of the one that would be defined, with `topic_key` as its key, if it has one. Its
      policy, and that of the key, must let this account's alarms publish.
    - `topic_under_any_key` says of such a topic that its key is one of this account, which is not named here: the
      function may use whichever it is, for this topic alone.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        email: Sequence[str] = (),
        encryption_key: kms.IKey | None = None,
        topic: sns.ITopic | None = None,
        topic_key: kms.IKey | None = None,
        topic_under_any_key: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self._email = email
        self._topic_key = encryption_key or topic_key
        self._given, self._given_key = topic, topic_key
        self._under_any_key = topic_under_any_key
        self._topic: sns.ITopic | None = None
        self.notify = WorkflowFunction(
            self,
            "Notify",
            name="notify",
            description="Writes to people about runs of batch transform jobs that did not end well",
            statements=[],
            encryption_key=encryption_key,
            when_it_fails="Lambda tries twice more, and the alarm on failed runs goes to the same topic by another way",
        )
        if email:
            self._topic = self._shared()

    @classmethod
    def of_stack(cls, scope: StackPart, encryption_key: kms.IKey | None) -> Notifications:
        """Return what all jobs of the stack under this key share, which is defined below the first `scope` that asks.

        It stays there: a topic that moved would be another one, without its subscriptions.
        """
        return once_per_stack(
            scope.stack,
            (__name__, encryption_key),
            lambda _: cls(scope, "Notifications", encryption_key=encryption_key),
        )

    @property
    def topic(self) -> sns.ITopic:
        """The topic of all jobs that name nobody, which is defined when the first of them asks for it."""
        if self._topic is None:
            self._topic = self._shared()
        return self._topic

    @property
    def has_topic(self) -> bool:
        """Whether anybody has asked for `topic`, or is to be told through it."""
        return self._topic is not None

    def let_publish_to(self, topic: sns.ITopic, key: kms.IKey | None = None) -> None:
        """Let the function publish to a topic, under `key`."""
        self.notify.role.allow(_publish(topic, key))

    def _shared(self) -> sns.ITopic:
        topic, key = self._given, self._given_key
        if topic is None:
            key = self.key_for_topic()
            topic = NotificationTopic(self, "Topic", encryption_key=key, email=self._email).topic
        self.let_publish_to(topic, key)
        if self._under_any_key:
            self.notify.role.allow([_use_any_key_for(topic)])
            reason = "the topic may get another key; the condition limits its use to messages of this topic"
            acknowledge_wildcards(self.notify, {_ANY_KEY: reason})
        return topic

    def key_for_topic(self) -> kms.IKey:
        """Return the customer key for a topic: the one that was given, or a new one for all topics of the stack."""
        if self._topic_key is None:
            self._topic_key = self._own_key()
        return self._topic_key

    def _own_key(self) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            description="Encrypts messages about runs of batch transform jobs, on their way through SNS",
            enable_key_rotation=True,
            pending_window=cdk.Duration.days(7),
            # Nothing lasts under it: SNS delivers a message, or gives up within the hours of its retries.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )


def _use_any_key_for(topic: sns.ITopic) -> Statement:
    """Allow to encrypt for this topic, whatever its key: SNS binds a message to its topic (Key management)."""
    return Statement(
        _USE,
        (_ANY_KEY,),
        {**_THROUGH_SNS, "ArnEquals": {"kms:EncryptionContext:aws:sns:topicArn": topic.topic_arn}},
    )


def _publish(topic: sns.ITopic, key: kms.IKey | None) -> list[Statement]:
    """Allow to publish, and what SNS needs of whoever publishes under a key (SNS Developer Guide, "Key management")."""
    statements = [Statement(("sns:Publish",), (topic.topic_arn,))]
    if key is not None:
        statements.append(Statement(_USE, (key.key_arn,), _THROUGH_SNS))
    return statements
