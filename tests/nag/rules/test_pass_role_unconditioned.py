"""Roles that may pass roles to any service, and roles that may pass one to SageMaker."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from nag.apps import findings

ONE_ROLE = "arn:aws:iam::111122223333:role/execution"
TO_SAGEMAKER = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def found(
    resource: str, conditions: dict[str, Any] | None, *, creates: str = "sagemaker:CreateModel"
) -> set[str]:
    def define(stack: cdk.Stack) -> None:
        role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[creates], resources=["arn:aws:sagemaker:eu-west-1:111122223333:model/churn-*"]
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["iam:PassRole"], resources=[resource], conditions=conditions)
        )

    return findings(define)


@pytest.mark.parametrize("conditions", [None, {"StringEquals": {"aws:SourceAccount": "111122223333"}}])
def test_noncompliance_of_a_role_for_any_service(conditions: dict[str, Any] | None) -> None:
    assert found(ONE_ROLE, conditions) == {"PassRoleUnconditioned[Condition]"}


@pytest.mark.parametrize("resource", ["*", "arn:aws:iam::111122223333:role/*"])
def test_noncompliance_of_any_role_for_sagemaker(resource: str) -> None:
    assert found(resource, TO_SAGEMAKER) == {f"PassRoleUnconditioned[Resource::{resource}]"}


def test_compliance_of_one_role_for_sagemaker() -> None:
    assert found(ONE_ROLE, TO_SAGEMAKER) == set()


def test_not_applicable_to_a_role_that_has_nothing_to_do_with_sagemaker() -> None:
    assert found("*", None, creates="ecs:RunTask") == set()
