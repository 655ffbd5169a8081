"""Roles that lack permissions for `.sync`, and roles that have them."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from nag.apps import SYNC_ACTIONS, findings, machine, machine_role, task

JOBS = ["arn:aws:sagemaker:eu-west-1:111122223333:transform-job/churn-*"]
EVENTS = ["events:PutTargets", "events:PutRule", "events:DescribeRule"]
RULE = ["arn:aws:events:eu-west-1:111122223333:rule/StepFunctionsGetEventsForSageMakerTransformJobsRule"]


def found(missing: str) -> set[str]:
    def define(stack: cdk.Stack) -> None:
        role = machine_role(
            stack,
            iam.PolicyStatement(actions=[one for one in SYNC_ACTIONS if one != missing], resources=JOBS),
            iam.PolicyStatement(actions=[one for one in EVENTS if one != missing], resources=RULE),
        )
        machine(stack, "JSONata", {"Transform": task("JSONata")}, role=role)

    return findings(define)


@pytest.mark.parametrize("action", [one for one in (*SYNC_ACTIONS, *EVENTS) if one != "sagemaker:ListTags"])
def test_noncompliance_of_a_role_without_one_of_the_actions(action: str) -> None:
    assert found(action) == {f"SyncNotAllowed[{action}]"}


def test_compliance_of_a_role_with_all_of_them() -> None:
    assert found("nothing") == set()


def test_compliance_of_a_role_with_its_statements_in_a_policy_beside_it() -> None:
    def define(stack: cdk.Stack) -> None:
        role = iam.Role(stack, "MachineRole", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        role.add_to_policy(iam.PolicyStatement(actions=SYNC_ACTIONS, resources=JOBS))
        role.add_managed_policy(
            iam.ManagedPolicy(
                stack, "Events", statements=[iam.PolicyStatement(actions=["events:*Rule"], resources=RULE)]
            )
        )
        role.add_to_policy(iam.PolicyStatement(actions=["events:PutTargets"], resources=RULE))
        machine(stack, "JSONata", {"Transform": task("JSONata")}, role=role)

    assert findings(define) == set()


def test_a_denied_action_is_not_an_allowed_one() -> None:
    def define(stack: cdk.Stack) -> None:
        stop = "sagemaker:StopTransformJob"
        role = machine_role(
            stack,
            iam.PolicyStatement(actions=[one for one in SYNC_ACTIONS if one != stop], resources=JOBS),
            iam.PolicyStatement(actions=EVENTS, resources=RULE),
            iam.PolicyStatement(effect=iam.Effect.DENY, actions=[stop], resources=JOBS),
        )
        machine(stack, "JSONata", {"Transform": task("JSONata")}, role=role)

    assert findings(define) == {"SyncNotAllowed[sagemaker:StopTransformJob]"}


def test_not_applicable_to_a_role_from_elsewhere() -> None:
    def define(stack: cdk.Stack) -> None:
        role = iam.Role.from_role_arn(stack, "Given", "arn:aws:iam::111122223333:role/states")
        machine(stack, "JSONata", {"Transform": task("JSONata")}, role=role)

    assert findings(define) == set()
