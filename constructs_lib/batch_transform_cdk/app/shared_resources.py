"""What all jobs share: defined in the first stack, imported by the others."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.job.values.job_spec import NotifySpec
from batch_transform.job.values.stack_outputs import (
    ENCRYPTION_KEY,
    INPUT_BUCKET,
    NOTIFICATION_KEY,
    NOTIFICATION_TOPIC,
    OUTPUT_BUCKET,
)
from batch_transform_cdk.data.data_buckets import DataBuckets
from batch_transform_cdk.ground.customer_key import CustomerKey
from batch_transform_cdk.watch.notifications import Notifications

_REMOVAL = {
    "retain": cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    "destroy": cdk.RemovalPolicy.DESTROY,
}


def define_shared(stack: cdk.Stack, environment: EnvironmentSpec) -> DataBuckets:
    """Define the buckets, and outputs that persons, the command line and other stacks find them by.

    The outputs are exported from the start: exports that came and went with the number of stacks could not
    be removed in the same update in which their last importer goes.
    """
    removal_policy = _REMOVAL[environment.removal_policy]
    key = CustomerKey(stack, "Key", removal_policy=removal_policy).key if environment.customer_key else None
    logs, days = environment.access_logs_bucket, environment.keep_outputs_for_in_days
    buckets = DataBuckets(
        stack,
        "Data",
        access_logs_bucket=s3.Bucket.from_bucket_name(stack, "AccessLogs", logs) if logs else None,
        auto_delete_objects=environment.auto_delete_objects,
        encryption_key=key,
        keep_outputs_for=cdk.Duration.days(days) if days else None,
        removal_policy=removal_policy,
    )
    for output, value, description in (
        (INPUT_BUCKET, buckets.input.bucket_name, "where the jobs read, each below its own name"),
        (OUTPUT_BUCKET, buckets.output.bucket_name, "where the jobs write, each below its own name"),
        *([(ENCRYPTION_KEY, key.key_arn, "encrypts what the jobs hold")] if key else []),
    ):
        cdk.CfnOutput(
            stack,
            output,
            value=value,
            description=description,
            export_name=export_name(stack.stack_name, output),
        )
    return buckets


@dataclass(frozen=True)
class ImportedBuckets:
    """The buckets of the first stack and their key, as another stack sees them."""

    input: s3.IBucket
    output: s3.IBucket
    encryption_key: kms.IKey | None

    @classmethod
    def of(cls, stack_name: str, scope: Construct, environment: EnvironmentSpec) -> ImportedBuckets:
        """Import what the stack of that name exports."""

        def exported(output: str) -> str:
            return cdk.Fn.import_value(export_name(stack_name, output))

        imported = Construct(scope, "Data")
        key = (
            kms.Key.from_key_arn(imported, "Key", exported(ENCRYPTION_KEY))
            if environment.customer_key
            else None
        )

        def bucket(construct_id: str, output: str) -> s3.IBucket:
            return s3.Bucket.from_bucket_attributes(
                imported, construct_id, bucket_name=exported(output), encryption_key=key
            )

        return cls(bucket("Input", INPUT_BUCKET), bucket("Output", OUTPUT_BUCKET), key)


def export_name(stack_name: str, key: str) -> str:
    """Return the name of the export that tells other stacks of this output."""
    return f"{stack_name}-{key}"


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
