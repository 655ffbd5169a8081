"""Images that can change, and images that cannot."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_sagemaker as sagemaker

from nag.apps import findings

REGISTRY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


def found(*images: str) -> set[str]:
    def define(stack: cdk.Stack) -> None:
        sagemaker.CfnModel(
            stack,
            "Model",
            execution_role_arn="arn:aws:iam::111122223333:role/execution",
            enable_network_isolation=True,
            containers=[sagemaker.CfnModel.ContainerDefinitionProperty(image=image) for image in images],
        )

    return findings(define)


@pytest.mark.parametrize("image", [f"{REGISTRY}/churn", f"{REGISTRY}/churn:latest"])
def test_noncompliance_of_an_image_that_is_not_pinned(image: str) -> None:
    assert found(f"{REGISTRY}/first:1", image) == {f"ImageNotPinned[{image}]"}


@pytest.mark.parametrize("image", [f"{REGISTRY}/churn:2.1", f"{REGISTRY}/churn@sha256:{'0' * 64}"])
def test_compliance_of_an_image_that_is_pinned(image: str) -> None:
    assert found(image) == set()


def test_compliance_of_an_image_of_the_app_whose_tag_the_deployment_gives() -> None:
    def define(stack: cdk.Stack) -> None:
        tag = cdk.CfnParameter(stack, "Tag")
        repository = ecr.Repository(stack, "Repository")
        sagemaker.CfnModel(
            stack,
            "Model",
            execution_role_arn="arn:aws:iam::111122223333:role/execution",
            enable_network_isolation=True,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=repository.repository_uri_for_tag(tag.value_as_string)
            ),
        )

    assert findings(define) == set()
