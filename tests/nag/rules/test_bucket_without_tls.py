"""Buckets that answer requests without TLS, and buckets that do not."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from nag.apps import findings


def test_noncompliance_of_a_bucket_without_a_policy() -> None:
    assert findings(lambda stack: s3.Bucket(stack, "Lake")) == {"BucketWithoutTls"}


def test_noncompliance_of_a_bucket_that_denies_something_else() -> None:
    def define(stack: cdk.Stack) -> None:
        bucket = s3.Bucket(stack, "Lake")
        for condition in (
            {"Bool": {"aws:SecureTransport": "true"}},
            {"Bool": {"aws:ViaAWSService": "false"}},
        ):
            bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],
                    actions=["s3:*"],
                    resources=[bucket.bucket_arn],
                    conditions=condition,
                )
            )

    assert findings(define) == {"BucketWithoutTls"}


def test_compliance_of_a_bucket_that_requires_tls() -> None:
    assert findings(lambda stack: s3.Bucket(stack, "Lake", enforce_ssl=True)) == set()
