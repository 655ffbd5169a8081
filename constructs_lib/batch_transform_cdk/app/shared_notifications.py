"""Who is told of what goes wrong: a topic in the first stack, which the others import."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions

from batch_transform.job.values.job_spec import NotifySpec
from batch_transform.job.values.stack_outputs import NOTIFICATION_KEY, NOTIFICATION_TOPIC
from batch_transform_cdk.app.shared_buckets import export_name
from batch_transform_cdk.watch.notifications import Notifications

_ID = "Notifications"
_TOPIC_ID = "NotificationTopic"


def shared_notifications(
    stack: cdk.Stack, notify: NotifySpec, *, encryption_key: kms.IKey | None, first_stack_name: str | None
) -> Notifications:
    """Return what jobs of this stack tell people through; `notify` is that of the environment.

    The function that writes the messages is in each stack. Addresses subscribe in the first one, which has no
    `first_stack_name`. `encryption_key` is the one of all that the jobs hold, if they have one.
    """
    if notify.topic is not None:
        given = sns.Topic.from_topic_arn(stack, _TOPIC_ID, notify.topic)
        for address in notify.email if first_stack_name is None else ():
            given.add_subscription(subscriptions.EmailSubscription(address))
        return Notifications(stack, _ID, topic=given, encryption_key=encryption_key)
    if first_stack_name is not None:
        return _imported(stack, first_stack_name, encryption_key)
    return Notifications(stack, _ID, email=notify.email, encryption_key=encryption_key)


def export_topic(stack: cdk.Stack, notifications: Notifications) -> None:
    """Define outputs that persons find the topic of the first stack and its key by, and the other stacks the topic."""
    cdk.CfnOutput(
        stack,
        NOTIFICATION_TOPIC,
        value=notifications.topic.topic_arn,
        description="tells of alarms and of runs that did not end well: subscribe here",
        export_name=export_name(stack.stack_name, NOTIFICATION_TOPIC),
    )
    cdk.CfnOutput(
        stack,
        NOTIFICATION_KEY,
        value=notifications.key_for_topic().key_arn,
        description="encrypts these messages",
    )


def _imported(stack: cdk.Stack, first_stack_name: str, encryption_key: kms.IKey | None) -> Notifications:
    """Import the topic, and not its key.

    CloudFormation changes no export that another stack imports, and the key is another one when the environment
    gets a customer key, or loses it.
    """
    topic_arn = cdk.Fn.import_value(export_name(first_stack_name, NOTIFICATION_TOPIC))
    topic = sns.Topic.from_topic_arn(stack, _TOPIC_ID, topic_arn)
    return Notifications(stack, _ID, encryption_key=encryption_key, topic=topic, topic_under_any_key=True)
