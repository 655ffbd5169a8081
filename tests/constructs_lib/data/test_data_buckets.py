"""The buckets that jobs share: protected by default, loosened by an argument only."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from batch_transform_cdk import DataBuckets


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack")


def buckets(stack: cdk.Stack) -> dict[str, Any]:
    """The buckets of the stack, by the ends of their construct ids."""
    found = Template.from_stack(stack).find_resources("AWS::S3::Bucket")
    return {
        end: resource
        for end in ("Input", "Output")
        for name, resource in found.items()
        if f"Data{end}" in name
    }


def test_buckets_are_private_versioned_and_kept(stack: cdk.Stack) -> None:
    DataBuckets(stack, "Data")
    found = buckets(stack)
    assert set(found) == {"Input", "Output"}
    for bucket in found.values():
        properties = bucket["Properties"]
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_calls_without_tls_or_with_an_old_version_of_it_are_refused(stack: cdk.Stack) -> None:
    DataBuckets(stack, "Data")
    policies = Template.from_stack(stack).find_resources("AWS::S3::BucketPolicy")
    assert len(policies) == 2
    for policy in policies.values():
        denied = [
            statement["Condition"]
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            if (statement["Effect"], statement["Action"], statement["Principal"])
            == ("Deny", "s3:*", {"AWS": "*"})
        ]
        assert {"Bool": {"aws:SecureTransport": "false"}} in denied
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denied


def test_without_a_key_s3_encrypts(stack: cdk.Stack) -> None:
    DataBuckets(stack, "Data")
    for bucket in buckets(stack).values():
        [rule] = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_a_customer_key_is_used_through_a_bucket_key(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    DataBuckets(stack, "Data", encryption_key=key)
    for bucket in buckets(stack).values():
        [rule] = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule == {
            "BucketKeyEnabled": True,
            "ServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": stack.resolve(key.key_arn),
            },
        }


def test_leftovers_are_deleted_and_results_only_on_request(stack: cdk.Stack) -> None:
    DataBuckets(stack, "Data", keep_outputs_for=cdk.Duration.days(90))
    rules = {end: one["Properties"]["LifecycleConfiguration"]["Rules"] for end, one in buckets(stack).items()}
    always = {
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        "ExpiredObjectDeleteMarker": True,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "Status": "Enabled",
    }
    assert rules["Input"] == [always]
    assert rules["Output"] == [always, {"ExpirationInDays": 90, "Status": "Enabled"}]


def test_the_input_bucket_sends_events_to_eventbridge(stack: cdk.Stack) -> None:
    DataBuckets(stack, "Data")
    configured = {
        end: one["Properties"].get("NotificationConfiguration") for end, one in buckets(stack).items()
    }
    assert configured == {
        "Input": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        "Output": None,
    }


def test_access_is_logged_where_a_bucket_for_it_is_given(stack: cdk.Stack) -> None:
    logs = s3.Bucket.from_bucket_name(stack, "AccessLogs", "our-access-logs")
    DataBuckets(stack, "Data", access_logs_bucket=logs)
    logging = {end: one["Properties"]["LoggingConfiguration"] for end, one in buckets(stack).items()}
    assert logging == {
        end: {"DestinationBucketName": "our-access-logs", "LogFilePrefix": f"{end.lower()}/"}
        for end in ("Input", "Output")
    }


def test_a_given_bucket_takes_the_place_of_a_new_one(stack: cdk.Stack) -> None:
    lake = s3.Bucket.from_bucket_name(stack, "Lake", "our-lake")
    data = DataBuckets(stack, "Data", input_bucket=lake)
    assert set(buckets(stack)) == {"Output"}
    assert data.input.bucket_name == "our-lake"


def test_buckets_go_with_the_stack_when_asked_to(stack: cdk.Stack) -> None:
    DataBuckets(stack, "Data", removal_policy=cdk.RemovalPolicy.DESTROY)
    assert {one["DeletionPolicy"] for one in buckets(stack).values()} == {"Delete"}
    Template.from_stack(stack).resource_count_is("Custom::S3AutoDeleteObjects", 0)


def test_buckets_are_emptied_first_only_when_asked_to(stack: cdk.Stack) -> None:
    DataBuckets(stack, "Data", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True)
    Template.from_stack(stack).resource_count_is("Custom::S3AutoDeleteObjects", 2)


def test_fails_to_empty_buckets_that_are_kept(stack: cdk.Stack) -> None:
    with pytest.raises(RuntimeError, match="removal policy to 'DESTROY'"):
        DataBuckets(stack, "Data", auto_delete_objects=True)
