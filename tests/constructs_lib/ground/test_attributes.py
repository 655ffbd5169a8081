"""What is asked of the CDK once."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from batch_transform_cdk.ground import attributes


def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(region="eu-west-1"))


def test_each_answer_is_the_resources_own() -> None:
    there = stack()
    key = kms.Key(there, "Key")
    bucket, topic = s3.Bucket(there, "Bucket", encryption_key=key), sns.Topic(there, "Topic")
    for _ in range(2):
        assert attributes.bucket_name(bucket) == bucket.bucket_name
        assert attributes.bucket_arn(bucket) == bucket.bucket_arn
        assert attributes.bucket_key(bucket) == bucket.encryption_key
        assert attributes.key_arn(key) == key.key_arn
        assert attributes.topic_arn(topic) == topic.topic_arn
        assert attributes.region(there) == "eu-west-1"


def test_two_resources_are_not_taken_for_one_another() -> None:
    there = stack()
    names = {attributes.bucket_name(s3.Bucket(there, construct_id)) for construct_id in ("A", "B")}
    assert len(names) == 2


def test_no_key_is_an_answer_too() -> None:
    bucket = s3.Bucket(stack(), "Bucket")
    assert [attributes.bucket_key(bucket) for _ in range(2)] == [None, None]
