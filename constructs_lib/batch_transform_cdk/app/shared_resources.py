"""What all jobs of an app share, buckets, key and topic: defined in the first stack, imported by the others."""

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
    """Define the buckets, and outputs by which people, the command line and other stacks find them.

    The outputs are always exported: CloudFormation could not remove an export in the update that deletes its last
    importer.
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
        (INPUT_BUCKET, buckets.input.bucket_name, "input of the jobs, each below its own name"),
        (OUTPUT_BUCKET, buckets.output.bucket_name, "results of the jobs, each below its own name"),
        *(
            [(ENCRYPTION_KEY, key.key_arn, "encrypts data, results, volumes and logs of the jobs")]
            if key
            else []
        ),
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
    """The buckets of the first stack and their key, imported by another stack."""

    input: s3.IBucket
    output: s3.IBucket
    encryption_key: kms.IKey | None

    @classmethod
    def of(cls, stack_name: str, scope: Construct, environment: EnvironmentSpec) -> ImportedBuckets:
        """Import the exports of the stack with this name."""

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
    """Return the name under which an output is exported to other stacks."""
    return f"{stack_name}-{key}"


_ID = "Notifications"
_TOPIC_ID = "NotificationTopic"


def shared_notifications(
    stack: cdk.Stack, notify: NotifySpec, *, encryption_key: kms.IKey | None, first_stack_name: str | None
) -> Notifications:
    """Return the notifications of this stack's jobs. `notify` is the environment's.

    Each stack has its own function. Addresses subscribe in the first stack, which has no `first_stack_name`.
    `encryption_key` is the key of the app's jobs, if they have one.
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
    """Define the outputs for the topic of the first stack, which other stacks import, and for its key."""
    cdk.CfnOutput(
        stack,
        NOTIFICATION_TOPIC,
        value=notifications.topic.topic_arn,
        description="notifications about alarms and failed runs: subscribe here",
        export_name=export_name(stack.stack_name, NOTIFICATION_TOPIC),
    )
    cdk.CfnOutput(
        stack,
        NOTIFICATION_KEY,
        value=notifications.key_for_topic().key_arn,
        description="encrypts these notifications",
    )


def _imported(stack: cdk.Stack, first_stack_name: str, encryption_key: kms.IKey | None) -> Notifications:
    """Import the topic, but not its key.

    CloudFormation cannot change an export that another stack imports, and the key changes when a customer key is added
    to the environment or removed from it.
    """
    topic_arn = cdk.Fn.import_value(export_name(first_stack_name, NOTIFICATION_TOPIC))
    topic = sns.Topic.from_topic_arn(stack, _TOPIC_ID, topic_arn)
    return Notifications(stack, _ID, encryption_key=encryption_key, topic=topic, topic_under_any_key=True)
