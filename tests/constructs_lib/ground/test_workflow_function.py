from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from batch_transform_cdk.ground.workflow_function import WorkflowFunction


def acknowledged() -> set[str]:
    """What a function acknowledges."""
    stack = cdk.Stack(cdk.App(), "Stack")
    function = WorkflowFunction(
        stack, "Notify", name="notify", description="Sends notifications", statements=[]
    )
    return {
        finding
        for entry in function.resource.node.metadata
        if entry.type == "aws:cdk:acknowledged-rules"
        for finding in entry.data
    }


@pytest.mark.parametrize("newer", ["PYTHON_3_15", None])
def test_a_runtime_is_acknowledged_when_the_cdk_has_a_newer_one(
    newer: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if newer:
        monkeypatch.setattr(lambda_.Runtime, newer, "a runtime of a later release", raising=False)
    assert ("AwsSolutions::AwsSolutions-L1" in acknowledged()) is (newer is not None)
