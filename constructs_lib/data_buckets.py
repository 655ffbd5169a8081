"""The buckets that jobs read from and write to."""

from __future__ import annotations

from typing import Protocol

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from constructs_lib.acknowledgment import acknowledge


class Buckets(Protocol):
    """An input and an output bucket: those of `DataBuckets`, or such that another stack has."""

    @property
    def input(self) -> s3.IBucket: ...

    @property
    def output(self) -> s3.IBucket: ...


class DataBuckets(Construct):
    """Define an input and an output bucket: encrypted, versioned, private, TLS only, kept when the stack goes.

    Jobs share them: each job owns the prefix with its name. Uploads that were never completed are
    removed after a week, since a transform job that is cut off may leave such parts
    (Developer Guide, Batch Transform).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        self.input: s3.IBucket = self._bucket("Input", removal_policy)
        self.output: s3.IBucket = self._bucket("Output", removal_policy)
        for bucket in (self.input, self.output):
            acknowledge(
                bucket,
                "AwsSolutions-S1",
                "access logs are the account's choice: CloudTrail data events cover these",
            )

    def _bucket(self, construct_id: str, removal_policy: cdk.RemovalPolicy) -> s3.Bucket:
        return s3.Bucket(
            self,
            construct_id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                    noncurrent_version_expiration=cdk.Duration.days(30),
                )
            ],
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=removal_policy,
            versioned=True,
        )
