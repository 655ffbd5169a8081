"""Roles with full access, and roles with only what the job needs."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from nag.apps import SYNC_ACTIONS, execution_role, findings, machine, machine_role, task


@pytest.mark.parametrize(
    "name", ["AmazonSageMakerFullAccess", "AmazonS3FullAccess", "AdministratorAccess", "PowerUserAccess"]
)
def test_noncompliance_of_a_managed_policy_for_all(name: str) -> None:
    def define(stack: cdk.Stack) -> None:
        execution_role(stack).add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name(name))

    assert findings(define) == {f"FullAccessRole[Policy::{name}]"}


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:*", "arn:aws:s3:::lake/*", "Action::s3:*"),
        ("sagemaker:*", "arn:aws:sagemaker:eu-west-1:111122223333:model/churn", "Action::sagemaker:*"),
        ("s3:GetObject", "*", "Resource::*"),
        ("s3:GetObject", "arn:aws:s3:::*", "Resource::arn:aws:s3:::*"),
        (
            "sagemaker:StopTransformJob",
            "arn:aws:sagemaker:eu-west-1:111122223333:transform-job/*",
            "Resource::arn:aws:sagemaker:eu-west-1:111122223333:transform-job/*",
        ),
    ],
)
def test_noncompliance_of_a_statement_for_all(action: str, resource: str, expected: str) -> None:
    statement = iam.PolicyStatement(actions=[action], resources=[resource])
    assert findings(lambda stack: execution_role(stack, statement)) == {f"FullAccessRole[{expected}]"}


def test_noncompliance_of_all_actions_which_pass_any_role_too() -> None:
    statement = iam.PolicyStatement(actions=["*"], resources=["arn:aws:s3:::lake/*"])
    assert findings(lambda stack: execution_role(stack, statement)) == {
        "FullAccessRole[Action::*]",
        "PassRoleUnconditioned[Condition]",
    }


def test_noncompliance_of_a_policy_beside_the_role() -> None:
    def define(stack: cdk.Stack) -> None:
        execution_role(stack).add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"]))

    assert findings(define) == {"FullAccessRole[Resource::*]"}


def test_noncompliance_of_all_actions_except_some() -> None:
    statement = iam.PolicyStatement(not_actions=["iam:*"], resources=["arn:aws:s3:::lake/*"])
    assert findings(lambda stack: execution_role(stack, statement)) == {"FullAccessRole[NotAction]"}


def test_noncompliance_of_the_state_machines_role() -> None:
    def define(stack: cdk.Stack) -> None:
        role = machine_role(
            stack,
            iam.PolicyStatement(actions=SYNC_ACTIONS, resources=["*"]),
            iam.PolicyStatement(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                resources=["arn:aws:events:eu-west-1:111122223333:rule/StepFunctions"],
            ),
        )
        machine(stack, "JSONata", {"Transform": task("JSONata")}, role=role)

    assert findings(define) == {"FullAccessRole[Resource::*]"}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "arn:aws:s3:::lake/churn/*"),
        ("cloudwatch:PutMetricData", "*"),
        ("sagemaker:ListTags", "*"),
        ("sagemaker:StopTransformJob", "arn:aws:sagemaker:eu-west-1:111122223333:transform-job/churn-*"),
    ],
)
def test_compliance_of_a_statement_with_limits(action: str, resource: str) -> None:
    statement = iam.PolicyStatement(actions=[action], resources=[resource])
    assert findings(lambda stack: execution_role(stack, statement)) == set()
