from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.machine.run_lock import RunLock

KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111"


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack")


def actions(statements: list[Statement]) -> set[str]:
    return {action for statement in statements for action in statement.actions}


def test_the_lock_is_one_object_beside_all_results(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "results")
    lock = RunLock.of("churn", bucket=bucket, encryption_key=None)
    assert lock.place == {"Bucket": "results", "Key": ".locks/churn"}
    [taking] = [stack.resolve(one.as_json()) for one in lock.take_statements()]
    assert taking["Resource"] == stack.resolve(bucket.arn_for_objects(".locks/churn"))


def test_a_bucket_of_ours_is_versioned_so_that_a_version_is_deleted_and_no_marker_stays(
    stack: cdk.Stack,
) -> None:
    lock = RunLock.of("churn", bucket=s3.Bucket(stack, "Bucket", versioned=True), encryption_key=None)
    assert actions(lock.take_statements()) == {"s3:PutObject", "s3:GetObject", "s3:DeleteObjectVersion"}
    assert actions(lock.release_statements()) == {"s3:DeleteObjectVersion"}


def test_a_run_that_waits_has_a_place_of_its_own_beside_the_lock(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "results")
    lock = RunLock.of("churn", bucket=bucket, encryption_key=None, one_waits=True)
    assert lock.waiting_place == {"Bucket": "results", "Key": ".locks/churn.waiting"}
    taking, giving_up = (stack.resolve(one.as_json()) for one in lock.take_statements())
    keys = (".locks/churn", ".locks/churn.waiting")
    assert taking["Resource"] == [stack.resolve(bucket.arn_for_objects(key)) for key in keys]
    assert giving_up["Action"] == "s3:DeleteObject"  # it isn't known whether the bucket is versioned
    assert giving_up["Resource"] == stack.resolve(bucket.arn_for_objects(".locks/churn.waiting"))
    [releasing] = [stack.resolve(one.as_json()) for one in lock.release_statements()]
    assert releasing["Resource"] == stack.resolve(bucket.arn_for_objects(".locks/churn"))


def test_a_lock_that_no_run_waits_for_has_no_place(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "results")
    assert RunLock.of("churn", bucket=bucket, encryption_key=None).waiting_place is None


def test_an_imported_bucket_may_be_versioned_or_not(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "results")
    lock = RunLock.of("churn", bucket=bucket, encryption_key=None)
    assert actions(lock.release_statements()) == {"s3:DeleteObjectVersion", "s3:DeleteObject"}


def test_a_customer_key_is_used_through_s3_for_this_object_only(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "results")
    *_, encrypting = RunLock.of("churn", bucket=bucket, encryption_key=key).take_statements()
    statement = stack.resolve(encrypting.as_json())
    assert set(statement["Action"]) == {"kms:GenerateDataKey", "kms:Decrypt"}
    assert statement["Resource"] == KEY_ARN
    context = statement["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]
    assert context == stack.resolve([bucket.bucket_arn, bucket.arn_for_objects(".locks/churn")])
