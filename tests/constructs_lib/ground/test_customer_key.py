"""The customer key of an app's jobs, and its key policy."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from batch_transform.job.values.job_spec import JobSpec, ModelSpec, ScheduleSpec, TriggersSpec, UploadSpec
from batch_transform_cdk import BatchTransform, CustomerKey
from batch_transform_cdk.ground.kms_key import let_log_groups_use
from checks.policies import text

ACCOUNT = "AWS::Region:AWS::AccountId"
LOGS = "logs.AWS::Region.AWS::URLSuffix"


def policies(stack: cdk.Stack) -> list[list[dict[str, Any]]]:
    """The statements of each key's policy."""
    return [
        key["Properties"]["KeyPolicy"]["Statement"]
        for key in Template.from_stack(stack).find_resources("AWS::KMS::Key").values()
    ]


def services(statements: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """The services that a policy lets in, each with its condition."""
    return [
        (text(one["Principal"]["Service"]), plain(one["Condition"]))
        for one in statements
        if "Service" in one["Principal"]
    ]


def plain(condition: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {test: {key: text(value) for key, value in keys.items()} for test, keys in condition.items()}


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack")


def test_the_key_is_rotated_and_kept(stack: cdk.Stack) -> None:
    CustomerKey(stack, "Key")
    [key] = Template.from_stack(stack).find_resources("AWS::KMS::Key").values()
    assert key["Properties"]["EnableKeyRotation"] is True
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_the_keys_account_decides_who_may_use_it(stack: cdk.Stack) -> None:
    CustomerKey(stack, "Key")
    [[first, *_]] = policies(stack)
    assert text(first["Principal"]["AWS"]) == "arn:AWS::Partition:iam::AWS::AccountId:root"
    assert first["Action"] == "kms:*"


def test_services_may_use_it_for_what_this_account_owns(stack: cdk.Stack) -> None:
    CustomerKey(stack, "Key")
    [statements] = policies(stack)
    account = {"aws:SourceAccount": "AWS::AccountId"}
    assert services(statements) == [
        (
            LOGS,
            {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": f"arn:AWS::Partition:logs:{ACCOUNT}:log-group:*"
                }
            },
        ),
        (
            "cloudwatch.amazonaws.com",
            {
                "StringEquals": account,
                "ArnLike": {"aws:SourceArn": f"arn:AWS::Partition:cloudwatch:{ACCOUNT}:alarm:*"},
            },
        ),
        ("events.amazonaws.com", {"StringEquals": account}),
    ]


def test_many_jobs_let_each_service_into_a_given_key_once(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    triggers = TriggersSpec(schedule=(ScheduleSpec(rate="1 hour"),), on_upload=UploadSpec())
    for name in ("churn", "fraud"):
        job = JobSpec(name=name, model=ModelSpec(existing=name), triggers=triggers)
        BatchTransform(stack, name, job=job, encryption_key=key)
    [statements] = policies(stack)
    found = [service for service, _ in services(statements)]
    assert found.count(LOGS) == 1
    assert len(services(statements)) == len({str(one) for one in services(statements)})


def test_an_imported_key_is_left_to_its_owner(stack: cdk.Stack) -> None:
    arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    let_log_groups_use(kms.Key.from_key_arn(stack, "Theirs", arn))
    Template.from_stack(stack).resource_count_is("AWS::KMS::Key", 0)
