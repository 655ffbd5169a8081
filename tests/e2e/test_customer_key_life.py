"""A deployed stack that holds data gets a customer key, and loses it again: nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from batch_transform.job.values.stack_outputs import ENCRYPTION_KEY
from batch_transform.local.up import LocalAws
from e2e.redeployed import Redeployed

LINE = "id-1,41,7\n"
ROWS = "id-1,1\n"


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redeployed]:
    with LocalAws(schedules=False, wait_scale=0.002, enforce_iam=True) as aws:
        yield Redeployed(tmp_path_factory.mktemp("key"), aws)


def keys_of(results: Mapping[str, Mapping[str, Any]]) -> set[str | None]:
    """The customer keys that encrypt these objects; None for S3's own."""
    return {each.get("SSEKMSKeyId") for each in results.values()}


def keys_of_what_holds_data(stack: Redeployed) -> dict[str, set[str | None]]:
    """Return the key of each resource that stores data of a job."""
    s3, sns = stack.aws.client("s3"), stack.aws.client("sns")
    by_default = [
        s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
        for bucket in (stack.input_bucket, stack.output_bucket)
    ]
    groups = stack.aws.client("logs").describe_log_groups()["logGroups"]
    topics = [
        sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        for topic in sns.list_topics()["Topics"]
    ]
    return {
        "buckets": {each["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID") for each in by_default},
        # the group of all transform jobs is not the stack's
        "logs": {each.get("kmsKeyId") for each in groups if "Workflow" in each["logGroupName"]},
        "topic": {topic.get("KmsMasterKeyId") for topic in topics},
    }


@pytest.mark.timeout(900)
def test_a_key_is_added_to_a_stack_with_data_and_taken_away_again(stack: Redeployed) -> None:
    without = stack.synthesise("without")
    stack.deploy(without)
    buckets = (stack.input_bucket, stack.output_bucket)
    stack.upload("a.csv", LINE)
    open_run = stack.run()
    assert keys_of(stack.results(open_run)) == {None}
    assert keys_of_what_holds_data(stack)["buckets"] == {None}

    # Added: earlier data is read as it is, results are encrypted.
    stack.deploy(stack.synthesise("with", environment={"customer_key": True}))
    key = stack.outputs[ENCRYPTION_KEY]
    assert (stack.input_bucket, stack.output_bucket) == buckets
    assert keys_of_what_holds_data(stack) == {"buckets": {key}, "logs": {key}, "topic": {key}}
    under_key_run = stack.run()
    assert keys_of(stack.results(under_key_run)) == {key}
    stack.upload("b.csv", LINE)
    assert stack.run()["InputObjects"] == 2

    # Removed: the buckets, their objects and the key stay, and objects under the key can be read.
    stack.deploy(without)
    assert ENCRYPTION_KEY not in stack.outputs
    assert (stack.input_bucket, stack.output_bucket) == buckets
    held = keys_of_what_holds_data(stack)
    [topic_key] = held.pop("topic")  # a new one of the stack: alarms cannot use SNS's own
    assert topic_key not in (None, key)
    assert held == {"buckets": {None}, "logs": {None}}
    assert stack.aws.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    assert {each["Text"] for each in stack.results(under_key_run).values()} == {ROWS}
    assert {each["Text"] for each in stack.results(open_run).values()} == {ROWS}

    # The job's roles have no permission on the removed key: they can't read input that was encrypted with it ...
    refused = stack.execution()
    assert refused["status"] == "FAILED"
    assert "kms:Decrypt" in refused["cause"]
    # ... until the job names the key, or the input is re-encrypted.
    stack.deploy(stack.synthesise("named", job={"input": {"kms_key": key}}))
    named_run = stack.run()
    assert named_run["InputObjects"] == 2
    assert keys_of(stack.results(named_run)) == {None}
    stack.deploy(without)
    stack.aws.client("s3").copy_object(
        Bucket=buckets[0],
        Key="churn/b.csv",
        CopySource=f"{buckets[0]}/churn/b.csv",
        MetadataDirective="REPLACE",
    )
    last_run = stack.run()
    assert last_run["InputObjects"] == 2
    assert keys_of(stack.results(last_run)) == {None}

    # A lock that a stopped run left in that time fails the run at once: waiting would not help.
    lock = {"Bucket": buckets[1], "Key": ".locks/churn"}
    stack.aws.client("s3").put_object(**lock, Body=b"{}", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    locked = stack.execution()
    assert locked["status"] == "FAILED"
    assert f"the lock s3://{buckets[1]}/.locks/churn exists but cannot be read" in locked["cause"]
    stack.aws.client("s3").delete_object(**lock)
    assert stack.run()["InputObjects"] == 2


def test_a_key_that_is_deleted_takes_its_data_with_it(stack: Redeployed) -> None:
    """This is why the key is retained."""
    stack.deploy(stack.synthesise("with", environment={"customer_key": True}))
    stack.upload("a.csv", LINE)
    run = stack.run()
    stack.aws.client("kms").schedule_key_deletion(KeyId=stack.outputs[ENCRYPTION_KEY], PendingWindowInDays=7)
    with pytest.raises(ClientError, match="KMSInvalidStateException"):
        stack.results(run)
