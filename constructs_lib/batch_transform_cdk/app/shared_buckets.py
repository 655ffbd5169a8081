"""What all jobs share: defined in the first stack, imported by the others."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.job.values.stack_outputs import ENCRYPTION_KEY, INPUT_BUCKET, OUTPUT_BUCKET
from batch_transform_cdk.data.data_buckets import DataBuckets
from batch_transform_cdk.ground.customer_key import CustomerKey

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
