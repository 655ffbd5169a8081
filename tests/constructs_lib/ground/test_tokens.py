"""Attributes that are read from the CDK once, and JSON with its tokens."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from hypothesis import given
from hypothesis import strategies as st

from batch_transform_cdk.ground import tokens
from batch_transform_cdk.ground.tokens import json_text


def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(region="eu-west-1"))


def test_each_answer_is_the_resources_own() -> None:
    there = stack()
    key = kms.Key(there, "Key")
    bucket, topic = s3.Bucket(there, "Bucket", encryption_key=key), sns.Topic(there, "Topic")
    for _ in range(2):
        assert tokens.bucket_name(bucket) == bucket.bucket_name
        assert tokens.bucket_arn(bucket) == bucket.bucket_arn
        assert tokens.bucket_key(bucket) == bucket.encryption_key
        assert tokens.key_arn(key) == key.key_arn
        assert tokens.topic_arn(topic) == topic.topic_arn
        assert tokens.region(there) == "eu-west-1"


def test_two_resources_are_not_taken_for_one_another() -> None:
    there = stack()
    names = {tokens.bucket_name(s3.Bucket(there, construct_id)) for construct_id in ("A", "B")}
    assert len(names) == 2


def test_no_key_is_an_answer_too() -> None:
    bucket = s3.Bucket(stack(), "Bucket")
    assert [tokens.bucket_key(bucket) for _ in range(2)] == [None, None]


STACK = cdk.Stack(cdk.App(), "Stack")
BUCKET = cdk.CfnParameter(STACK, "Bucket").value_as_string
COUNT = cdk.CfnParameter(STACK, "Count", type="Number").value_as_number

# A token that becomes a text with quotes, which must be escaped.
QUOTED = cdk.Token.as_string({"Fn::Join": ["", ['a "quoted" ', BUCKET]]})

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert json.loads(json_text(STACK, value)) == value


@pytest.mark.parametrize(
    "value",
    [
        {"S3Uri": f"s3://{BUCKET}/churn/", "Empty": {}},
        {"S3Uri": f's3://{BUCKET}/a "quoted" prefix/'},
        {"InstanceCount": COUNT},
        {"Environment": {"NAME": QUOTED}},
        {"Name": QUOTED, "S3Uri": BUCKET},
    ],
    ids=["a name", "a name beside quotes", "a number", "a text with quotes", "a text with quotes and a name"],
)
def test_tokens_are_put_in_as_the_cdk_does_it(value: dict[str, Any]) -> None:
    by_cdk = STACK.resolve(STACK.to_json_string(value))
    assert STACK.resolve(json_text(STACK, value, references=(BUCKET, f"s3://{BUCKET}/churn/"))) == by_cdk
