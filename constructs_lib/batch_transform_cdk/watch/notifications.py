"""The notifications that jobs share: a topic, and the function that writes about failed runs."""

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

    `email` are addresses to subscribe; each must confirm its subscription before it gets notifications.
    `encryption_key` is a customer key that alarms may use: they cannot publish under SNS's own key, `alias/aws/sns`,
    whose policy cannot be changed (SNS Developer Guide, "Key management").

    Usage::

        NotificationTopic(self, "Topic", encryption_key=key, email=["ops@example.com"]).topic
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
        self._require_tls()

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

    def _require_tls(self) -> None:
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
    """Define the notifications of a stack's jobs: a topic, if a job needs it, and the function that writes them.

    Usage::

        notifications = Notifications(self, "Notifications", email=["ops@example.com"])
        BatchTransform(self, "Churn", job=job, notifications=notifications)

    - `email` are addresses to subscribe; each must confirm its subscription before it gets notifications.
    - `encryption_key` is the customer key of the topic. Default: a new one, for a dollar a month, since alarms cannot
      publish to a topic under SNS's own key.
    - `topic` replaces the topic that would be defined; `topic_key` is its key, if it has one. The policies of both must
      let this account's alarms publish.
    - `topic_under_any_key` means that the key of `topic` is a key of this account that isn't known here: the function
      may use any key, for this topic only.
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
            description="Sends notifications about batch transform runs that failed, timed out or were stopped",
            statements=[],
            encryption_key=encryption_key,
            when_it_fails="Lambda retries twice, and the alarm on failed runs reaches the same topic independently",
        )
        if email:
            self._topic = self._shared()

    @classmethod
    def of_stack(cls, scope: StackPart, encryption_key: kms.IKey | None) -> Notifications:
        """Return the notifications that all jobs of the stack under this key share, defined below the first job.

        They stay there: a topic that moved would be a new one, without its subscriptions.
        """
        return once_per_stack(
            scope.stack,
            (__name__, encryption_key),
            lambda _: cls(scope, "Notifications", encryption_key=encryption_key),
        )

    @property
    def topic(self) -> sns.ITopic:
        """The topic of all jobs without a `notify` of their own. It is defined when the first of them needs it."""
        if self._topic is None:
            self._topic = self._shared()
        return self._topic

    @property
    def has_topic(self) -> bool:
        """Whether `topic` is defined: a job needs it, or an address subscribes to it."""
        return self._topic is not None

    def let_publish_to(self, topic: sns.ITopic, key: kms.IKey | None = None) -> None:
        """Let the function publish to a topic that `key` encrypts."""
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
        """Return the customer key for a topic: the given one, or a new one for all topics of the stack."""
        if self._topic_key is None:
            self._topic_key = self._own_key()
        return self._topic_key

    def _own_key(self) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            description="Encrypts notifications about batch transform jobs in SNS",
            enable_key_rotation=True,
            pending_window=cdk.Duration.days(7),
            # It encrypts nothing that lasts: SNS delivers a message or drops it within hours.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )


def _use_any_key_for(topic: sns.ITopic) -> Statement:
    """Allow encrypting for this topic under any key: SNS binds a message to its topic (Key management)."""
    return Statement(
        _USE,
        (_ANY_KEY,),
        {**_THROUGH_SNS, "ArnEquals": {"kms:EncryptionContext:aws:sns:topicArn": topic.topic_arn}},
    )


def _publish(topic: sns.ITopic, key: kms.IKey | None) -> list[Statement]:
    """Allow publishing, and the use of the topic's key (SNS Developer Guide, "Key management")."""
    statements = [Statement(("sns:Publish",), (topic.topic_arn,))]
    if key is not None:
        statements.append(Statement(_USE, (key.key_arn,), _THROUGH_SNS))
    return statements
