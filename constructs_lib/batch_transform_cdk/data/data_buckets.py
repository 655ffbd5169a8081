"""The buckets that jobs read from and write to."""

from __future__ import annotations

from typing import Protocol, cast

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from batch_transform.job.errors import ConstructError
from batch_transform_cdk.ground.acknowledgment import OWN_KEY_IS_A_CHOICE, acknowledge


class Buckets(Protocol):
    """An input and an output bucket, and the key that their jobs use: `DataBuckets`, or imported ones."""

    @property
    def input(self) -> s3.IBucket: ...

    @property
    def output(self) -> s3.IBucket: ...

    @property
    def encryption_key(self) -> kms.IKey | None: ...


class DataBuckets(Construct):
    """Define an input and an output bucket: encrypted, versioned, private, TLS only, and retained with their data.

    Jobs share them: each job owns the prefix with its name. Incomplete multipart uploads, which a transform job that
    is cut off may leave (Developer Guide, Batch Transform), are deleted after a week; overwritten and deleted versions
    after 30 days. The input bucket sends events about new objects to EventBridge, which is free, so jobs of any stack
    can start on uploads.

    Usage::

        data = DataBuckets(self, "Data", keep_outputs_for=cdk.Duration.days(400))
        BatchTransform(self, "Churn", job=job, buckets=data)

    - `encryption_key` is a customer key for both, used with a bucket key. Default: S3's own keys, which need no further
      permissions. Jobs that use the buckets also encrypt their logs, volumes and messages with the key.
    - `input_bucket` and `output_bucket` replace a bucket that would be defined. They keep their own settings.
    - `keep_outputs_for` deletes older results. Default: keep them, since only their readers know when they are done.
    - `access_logs_bucket` receives S3's server access logs. Default: none, since CloudTrail data events cover a whole
      account.
    - `removal_policy` applies to both buckets when the stack is deleted. Default: retain. With RemovalPolicy.DESTROY, a
      bucket that holds objects still blocks the deletion of the stack, unless `auto_delete_objects` empties it first.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        encryption_key: kms.IKey | None = None,
        input_bucket: s3.IBucket | None = None,
        output_bucket: s3.IBucket | None = None,
        keep_outputs_for: cdk.Duration | None = None,
        access_logs_bucket: s3.IBucket | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        auto_delete_objects: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.encryption_key = encryption_key
        self._owners: dict[str, Construct] = {}
        self._access_logs_bucket = access_logs_bucket
        self._removal_policy = removal_policy
        self._auto_delete_objects = auto_delete_objects
        self.input: s3.IBucket = input_bucket or self._bucket("Input", expiration=None)
        self.output: s3.IBucket = output_bucket or self._bucket("Output", expiration=keep_outputs_for)
        if input_bucket is None:
            send_events(self.input)

    def give_prefix_to(self, job_name: str, owner: Construct) -> None:
        """Reserve the prefix with this name for the job that `owner` defines.

        Raises ConstructError if another job has it: the two would score each other's data under one lock.
        """
        first = self._owners.setdefault(job_name, owner)
        if first is not owner:
            raise ConstructError(
                f"{first.node.path} has the job name {job_name} as well, in the same buckets, where each job owns the "
                "prefix with its name; give each job its own name or its own buckets"
            )

    def _bucket(self, construct_id: str, *, expiration: cdk.Duration | None) -> s3.Bucket:
        key = self.encryption_key
        bucket = s3.Bucket(
            self,
            construct_id,
            auto_delete_objects=self._auto_delete_objects,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            bucket_key_enabled=True if key else None,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                    expired_object_delete_marker=True,
                    noncurrent_version_expiration=cdk.Duration.days(30),
                ),
                *([s3.LifecycleRule(expiration=expiration)] if expiration else []),
            ],
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=self._removal_policy,
            server_access_logs_bucket=self._access_logs_bucket,
            server_access_logs_prefix=f"{construct_id.lower()}/" if self._access_logs_bucket else None,
            versioned=True,
        )
        if self._access_logs_bucket is None:
            acknowledge(
                bucket,
                ("AwsSolutions-S1", "S3BucketLoggingEnabled", "CKV_AWS_18"),
                "access logs are optional: set access_logs_bucket, or let CloudTrail record data events",
            )
        acknowledge(
            bucket,
            "S3BucketReplicationEnabled",
            "a copy in another region doubles the cost: results can be computed again, and deleted versions are kept",
        )
        if key is None:
            acknowledge(bucket, "S3DefaultEncryptionKMS", OWN_KEY_IS_A_CHOICE)
        return bucket


def send_events(bucket: s3.IBucket) -> None:
    """Let a bucket of this app send its events to EventBridge, by a property of the bucket.

    The CDK's `enable_event_bridge_notification` does so with a custom resource that has permissions on every bucket. If
    the bucket has that custom resource already, for other notifications, it would override the property: the CDK's
    method is then called instead.
    """
    if not isinstance(bucket, s3.Bucket):
        return
    if bucket.node.try_find_child("Notifications") is not None:
        bucket.enable_event_bridge_notification()
        return
    resource = cast("s3.CfnBucket", bucket.node.default_child)
    resource.add_property_override(
        "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True
    )
