"""What all jobs share: defined in the first stack, imported by the others."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from batch_transform.spec.environment import EnvironmentSpec
from batch_transform.spec.stack_outputs import INPUT_BUCKET, OUTPUT_BUCKET
from constructs_lib.data_buckets import DataBuckets

_REMOVAL = {
    "retain": cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    "destroy": cdk.RemovalPolicy.DESTROY,
}


def define_shared(stack: cdk.Stack, environment: EnvironmentSpec) -> DataBuckets:
    """Define the buckets, and outputs that persons, the command line and other stacks find them by.

    The outputs are exported from the start: exports that came and went with the number of stacks could not
    be removed in the same update in which their last importer goes.
    """
    buckets = DataBuckets(stack, "Data", removal_policy=_REMOVAL[environment.removal_policy])
    for key, value, description in (
        (INPUT_BUCKET, buckets.input.bucket_name, "where the jobs read, each below its own name"),
        (OUTPUT_BUCKET, buckets.output.bucket_name, "where the jobs write, each below its own name"),
    ):
        cdk.CfnOutput(
            stack, key, value=value, description=description, export_name=_export(stack.stack_name, key)
        )
    return buckets


@dataclass(frozen=True)
class ImportedBuckets:
    """The buckets of the first stack, as another stack sees them."""

    input: s3.IBucket
    output: s3.IBucket

    @classmethod
    def of(cls, stack_name: str, scope: Construct) -> ImportedBuckets:
        """Import what the stack of that name exports."""
        imported = Construct(scope, "Data")
        names = (cdk.Fn.import_value(_export(stack_name, key)) for key in (INPUT_BUCKET, OUTPUT_BUCKET))
        return cls(
            *(
                s3.Bucket.from_bucket_name(imported, construct_id, name)
                for construct_id, name in zip(("Input", "Output"), names, strict=True)
            )
        )


def _export(stack_name: str, key: str) -> str:
    return f"{stack_name}-{key}"
