"""Models whose containers can reach the network, and models whose containers cannot."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sagemaker as sagemaker

from nag.apps import findings


@pytest.mark.parametrize(
    ("isolated", "expected"), [(None, {"ModelNotIsolated"}), (False, {"ModelNotIsolated"}), (True, set())]
)
def test_network_isolation_of_a_model(*, isolated: bool | None, expected: set[str]) -> None:
    def define(stack: cdk.Stack) -> None:
        sagemaker.CfnModel(
            stack,
            "Model",
            execution_role_arn="arn:aws:iam::111122223333:role/execution",
            enable_network_isolation=isolated,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(image="churn:2.1"),
        )

    assert findings(define) == expected
