from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from batch_transform_cdk.ground.function_size import FEW_CALLS, LISTS_OBJECTS, FunctionSize
from batch_transform_cdk.ground.workflow_function import WorkflowFunction


def a_function(**settings: Any) -> WorkflowFunction:
    stack = cdk.Stack(cdk.App(), "Stack")
    return WorkflowFunction(
        stack, "Notify", name="notify", description="Sends notifications", statements=[], **settings
    )


def acknowledged(function: WorkflowFunction) -> set[str]:
    """What a function acknowledges."""
    return {
        finding
        for entry in function.resource.node.metadata
        if entry.type == "aws:cdk:acknowledged-rules"
        for finding in entry.data
    }


@pytest.mark.parametrize("reserved", [None, 3])
def test_only_a_function_without_reserved_concurrency_acknowledges_that(reserved: int | None) -> None:
    found = acknowledged(a_function(reserved_concurrency=reserved))
    assert ("checkov::CKV_AWS_115" in found) is (reserved is None)


@pytest.mark.parametrize("newer", ["PYTHON_3_15", None])
def test_a_runtime_is_acknowledged_when_the_cdk_has_a_newer_one(
    newer: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if newer:
        monkeypatch.setattr(lambda_.Runtime, newer, "a runtime of a later release", raising=False)
    assert ("AwsSolutions::AwsSolutions-L1" in acknowledged(a_function())) is (newer is not None)


@pytest.mark.parametrize("size", [FEW_CALLS, LISTS_OBJECTS])
def test_a_function_has_the_memory_and_the_timeout_of_its_size(size: FunctionSize) -> None:
    resource = a_function(size=size).resource
    assert (resource.memory_size, resource.timeout) == (size.memory_mb, size.timeout_seconds)
    assert size.timeout_seconds <= 900, "Lambda accepts no more"


def test_a_function_that_lists_objects_has_a_whole_vcpu() -> None:
    assert LISTS_OBJECTS.vcpus == 1
