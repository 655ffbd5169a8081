"""Definitions that cannot be read before deployment, and one that can."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_stepfunctions as sfn

from nag.apps import findings, machine, machine_role, task


def test_noncompliance_of_a_definition_in_another_bucket() -> None:
    def define(stack: cdk.Stack) -> None:
        place = sfn.CfnStateMachine.S3LocationProperty(bucket="definitions", key="churn.asl.json")
        sfn.CfnStateMachine(
            stack, "Machine", role_arn=machine_role(stack).role_arn, definition_s3_location=place
        )

    assert findings(define) == {"DefinitionUnreadable"}


def test_noncompliance_of_a_definition_that_a_parameter_gives() -> None:
    def define(stack: cdk.Stack) -> None:
        text = cdk.CfnParameter(stack, "Definition").value_as_string
        sfn.CfnStateMachine(stack, "Machine", role_arn=machine_role(stack).role_arn, definition_string=text)

    assert findings(define) == {"DefinitionUnreadable"}


def test_compliance_of_a_definition_in_the_template() -> None:
    assert findings(lambda stack: machine(stack, "JSONata", {"Transform": task("JSONata")})) == set()
