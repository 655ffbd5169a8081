"""The permissions to read and to write a location in S3, and to use its key."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from batch_transform_cdk import DataLocation, KmsKey
from checks.policies import allowed, listed, statements, text

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALIAS = "arn:aws:kms:eu-west-1:123456789012:alias/theirs"


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(account="123456789012", region="eu-west-1"))


@pytest.fixture
def role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())


def on_key(stack: cdk.Stack) -> list[dict[str, Any]]:
    """The statements on a key that the reader has."""
    return [
        statement
        for statement in statements(Template.from_stack(stack), "Reader")
        if any(action.startswith("kms:") for action in listed(statement["Action"]))
    ]


def test_reading_is_listing_and_getting_below_the_prefix(stack: cdk.Stack, role: iam.Role) -> None:
    DataLocation(s3.Bucket.from_bucket_name(stack, "Lake", "lake"), "churn/").grant_read(role)
    assert allowed(Template.from_stack(stack), "Reader") == {
        "arn:AWS::Partition:s3:::lake": {"s3:ListBucket"},
        "arn:AWS::Partition:s3:::lake/churn/*": {"s3:GetObject"},
    }


def test_writing_is_not_reading(stack: cdk.Stack, role: iam.Role) -> None:
    DataLocation(s3.Bucket.from_bucket_name(stack, "Lake", "lake"), "churn/").grant_write(role)
    assert allowed(Template.from_stack(stack), "Reader") == {
        "arn:AWS::Partition:s3:::lake/churn/*": {"s3:PutObject", "s3:AbortMultipartUpload"}
    }


@pytest.mark.parametrize(
    ("grant", "actions"),
    [("grant_read", ["kms:Decrypt"]), ("grant_write", ["kms:Decrypt", "kms:GenerateDataKey"])],
)
def test_the_key_may_be_used_through_s3_and_for_this_place(
    stack: cdk.Stack, role: iam.Role, grant: str, actions: list[str]
) -> None:
    place = DataLocation(s3.Bucket.from_bucket_name(stack, "Lake", "lake"), "churn/", KmsKey(KEY))
    getattr(place, grant)(role)
    [statement] = on_key(stack)
    assert (sorted(listed(statement["Action"])), statement["Resource"]) == (actions, KEY)
    condition = statement["Condition"]
    assert text(condition["StringEquals"]["kms:ViaService"]) == "s3.AWS::Region.AWS::URLSuffix"
    assert [text(arn) for arn in condition["StringLike"]["kms:EncryptionContext:aws:s3:arn"]] == [
        "arn:AWS::Partition:s3:::lake",
        "arn:AWS::Partition:s3:::lake/churn/*",
    ]


def test_a_key_with_an_alias_only_is_limited_to_it(stack: cdk.Stack, role: iam.Role) -> None:
    DataLocation(s3.Bucket.from_bucket_name(stack, "Lake", "lake"), "", KmsKey(ALIAS)).grant_read(role)
    [statement] = on_key(stack)
    assert text(statement["Resource"]) == "arn:AWS::Partition:kms:eu-west-1:123456789012:key/*"
    assert statement["Condition"]["ForAnyValue:StringEquals"] == {"kms:ResourceAliases": "alias/theirs"}


def test_another_account_is_let_in_by_the_bucket_and_by_the_key(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
    DataLocation(bucket, "churn/", KmsKey.of(key)).grant_read(iam.AccountPrincipal("210987654321"))
    template = Template.from_stack(stack)
    [policy] = template.find_resources("AWS::S3::BucketPolicy").values()
    found = policy["Properties"]["PolicyDocument"]["Statement"]
    assert [(one["Action"], one.get("Condition")) for one in found] == [
        ("s3:ListBucket", {"StringLike": {"s3:prefix": "churn/*"}}),
        ("s3:GetObject", None),
    ]
    [resource] = template.find_resources("AWS::KMS::Key").values()
    [theirs] = [
        one
        for one in resource["Properties"]["KeyPolicy"]["Statement"]
        if "210987654321" in text(one["Principal"]["AWS"])
    ]
    assert (theirs["Action"], theirs["Resource"]) == ("kms:Decrypt", "*")
    assert "kms:ViaService" in theirs["Condition"]["StringEquals"]


def test_objects_with_either_of_two_keys_can_be_read(stack: cdk.Stack, role: iam.Role) -> None:
    own = kms.Key(stack, "Own")
    place = DataLocation(
        s3.Bucket.from_bucket_name(stack, "Lake", "lake"), "churn/", KmsKey.of(own), KmsKey(KEY)
    )
    place.grant_read(role)
    assert {text(one["Resource"]) for one in on_key(stack)} == {
        *(text(stack.resolve(key.resource)) for key in place.keys)
    }
    same = DataLocation(place.bucket, "churn/", KmsKey.of(own), KmsKey.of(own))
    assert len(same.keys) == 1
