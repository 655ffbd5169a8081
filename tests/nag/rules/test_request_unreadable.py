"""Requests whose members are in the task, and requests that a single expression creates."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from nag.apps import findings, machine, machine_role, report, task


@pytest.mark.parametrize(
    "arguments",
    [
        "{% $states.input.request %}",
        "{% $request %}",
        "{% $merge([$request, {'TransformJobName': $uuid()}]) %}",
    ],
)
def test_noncompliance_of_a_request_that_an_expression_makes(arguments: str) -> None:
    states = {"Transform": task("JSONata", Arguments=arguments)}
    assert findings(lambda stack: machine(stack, "JSONata", states)) == {"RequestUnreadable[Transform]"}


def test_noncompliance_of_structures_that_an_expression_makes() -> None:
    members = {
        "TransformInput": None,
        "TransformInput.$": "$.input",
        "TransformOutput": None,
        "TransformOutput.$": "$output",
    }
    states = {"Transform": task("JSONPath", members=members)}
    assert findings(lambda stack: machine(stack, "JSONPath", states)) == {
        "RequestUnreadable[Transform/TransformInput]",
        "RequestUnreadable[Transform/TransformOutput]",
    }


def test_noncompliance_of_a_structure_within_another() -> None:
    source = {"DataSource": "{% $states.input.source %}", "ContentType": "text/csv", "SplitType": "Line"}
    states = {"Transform": task("JSONata", members={"TransformInput": source})}
    assert findings(lambda stack: machine(stack, "JSONata", states)) == {
        "RequestUnreadable[Transform/TransformInput.DataSource]"
    }


def test_noncompliance_of_a_custom_state_whose_request_comes_from_the_state_before() -> None:
    def define(stack: cdk.Stack) -> None:
        state = sfn.CustomState(
            stack, "Transform", state_json=task("JSONPath", Parameters=None) | {"Parameters.$": "$.request"}
        )
        sfn.StateMachine(
            stack,
            "Machine",
            role=machine_role(stack).without_policy_updates(),
            definition_body=sfn.DefinitionBody.from_chainable(state),
        )

    assert findings(define) == {"RequestUnreadable[Transform]"}


def test_it_is_a_warning_since_the_request_may_be_valid() -> None:
    states = {"Transform": task("JSONata", Arguments="{% $request %}")}
    reported = report(lambda stack: machine(stack, "JSONata", states))
    assert reported["conclusion"] == "success"


@pytest.mark.parametrize(
    ("language", "members"),
    [
        (
            "JSONata",
            {"ModelName": "{% $states.input.model %}", "Environment": "{% $states.input.environment %}"},
        ),
        ("JSONPath", {"ModelName": None, "ModelName.$": "$.model"}),
    ],
)
def test_compliance_of_members_that_have_expressions_of_their_own(
    language: str, members: dict[str, Any]
) -> None:
    states = {"Transform": task(language, members=members)}
    assert findings(lambda stack: machine(stack, language, states)) == set()
