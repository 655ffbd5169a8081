"""Acknowledged findings: which tools one call covers, and when it is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sqs as sqs

from batch_transform_cdk.ground.acknowledgment import (
    acknowledge,
    acknowledge_each,
    acknowledge_wildcards,
    keep_acknowledgments,
)


@pytest.fixture
def queue() -> sqs.Queue:
    return sqs.Queue(cdk.Stack(cdk.App(), "Stack"), "Queue")


@pytest.fixture
def without_acknowledgments() -> Iterator[None]:
    keep_acknowledgments(keep=False)
    yield
    keep_acknowledgments(keep=True)


def kept(construct: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in construct.node.metadata:
        if entry.type == "aws:cdk:acknowledged-rules":
            found |= entry.data
    return found


def test_one_call_acknowledges_the_rule_in_every_pack_that_has_it(queue: sqs.Queue) -> None:
    acknowledge(queue, ("AwsSolutions-S1", "S3BucketLoggingEnabled", "CKV_AWS_18"), "logs are kept elsewhere")
    assert kept(queue) == dict.fromkeys(
        (
            "AwsSolutions::AwsSolutions-S1",
            "NIST.800.53.R5::NIST.800.53.R5-S3BucketLoggingEnabled",
            "HIPAA.Security::HIPAA.Security-S3BucketLoggingEnabled",
            "PCI.DSS.321::PCI.DSS.321-S3BucketLoggingEnabled",
            "checkov::CKV_AWS_18",
        ),
        "logs are kept elsewhere",
    )


def test_a_pack_without_the_rule_gets_no_acknowledgment(queue: sqs.Queue) -> None:
    acknowledge(queue, "LambdaDLQ", "its caller waits")
    assert not [finding for finding in kept(queue) if finding.startswith("PCI")]


def test_the_id_that_a_synth_prints_is_accepted_unchanged(queue: sqs.Queue) -> None:
    acknowledge(
        queue,
        "BatchTransform::FullAccessRole[Resource::*]",
        "the action doesn't support resource-level permissions",
    )
    assert kept(queue) == {
        "BatchTransform::FullAccessRole[Resource::*]": "the action doesn't support resource-level permissions"
    }


def test_each_finding_may_have_a_reason_of_its_own(queue: sqs.Queue) -> None:
    acknowledge_each(queue, {"AwsSolutions-SQS3": "it is the last", ("CKV_AWS_27",): "it holds no data"})
    assert kept(queue) == {
        "AwsSolutions::AwsSolutions-SQS3": "it is the last",
        "checkov::CKV_AWS_27": "it holds no data",
    }


def test_a_wildcard_is_named_as_cdk_nag_writes_the_resource(queue: sqs.Queue) -> None:
    logical_id = cdk.Stack.of(queue).get_logical_id(queue.node.default_child)  # type: ignore[arg-type]  # a CfnQueue
    acknowledge_wildcards(queue, {f"{queue.queue_arn}/*": "all of it"})
    assert kept(queue) == {f"AwsSolutions::AwsSolutions-IAM5[Resource::<{logical_id}.Arn>/*]": "all of it"}


@pytest.mark.usefixtures("without_acknowledgments")
def test_nothing_is_kept_where_no_rules_run(queue: sqs.Queue) -> None:
    acknowledge(queue, "AwsSolutions-SQS3", "it is the last")
    acknowledge_wildcards(queue, {queue.queue_arn: "all of it"})
    assert kept(queue) == {}
