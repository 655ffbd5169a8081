"""Names of transform jobs that are sent more than once, and names that are new each time."""

from __future__ import annotations

from typing import Any

import pytest

from nag.apps import findings, machine, task

THROTTLED = [{"ErrorEquals": ["SageMaker.AmazonSageMakerException"], "MaxAttempts": 4}]


def found(language: str, name: dict[str, Any], **changes: Any) -> set[str]:
    nothing = {"TransformJobName": None, "TransformJobName.$": None}
    states = {"Transform": task(language, members=nothing | name, **changes)}
    return findings(lambda stack: machine(stack, language, states))


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("JSONata", {"TransformJobName": "churn"}),
        ("JSONPath", {"TransformJobName": "churn"}),
        ("JSONata", {"TransformJobName": "{% 'churn-' & $states.context.StateMachine.Name %}"}),
        ("JSONata", {"TransformJobName": "{% $lowercase('CHURN') %}"}),
        ("JSONPath", {"TransformJobName.$": "States.Format('churn-{}', $$.StateMachine.Name)"}),
    ],
)
def test_noncompliance_of_a_name_that_every_execution_sends(language: str, name: dict[str, Any]) -> None:
    assert found(language, name) == {"JobNameReused[Transform]"}


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("JSONata", {"TransformJobName": "{% $states.context.Execution.Name %}"}),
        ("JSONata", {"TransformJobName": "{% 'churn-' & $states.input.day %}"}),
        ("JSONPath", {"TransformJobName.$": "$$.Execution.Name"}),
        ("JSONPath", {"TransformJobName.$": "$.name"}),
    ],
)
def test_noncompliance_of_a_retry_with_one_name_for_the_execution(
    language: str, name: dict[str, Any]
) -> None:
    assert found(language, name, Retry=THROTTLED) == {"JobNameReused[Transform]"}
    assert found(language, name) == set()


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("JSONata", {"TransformJobName": "{% 'churn-' & $uuid() %}"}),
        (
            "JSONata",
            {
                "TransformJobName": "{% $states.context.Execution.Name & '-' & "
                "$string($states.context.State.RetryCount) %}"
            },
        ),
        ("JSONPath", {"TransformJobName.$": "States.Format('churn-{}', States.UUID())"}),
        (
            "JSONPath",
            {"TransformJobName.$": "States.Format('{}-{}', $$.Execution.Name, $$.State.RetryCount)"},
        ),
    ],
)
def test_compliance_of_a_retry_with_a_new_name_each_time(language: str, name: dict[str, Any]) -> None:
    assert found(language, name, Retry=THROTTLED) == set()


@pytest.mark.parametrize(
    "retry",
    [
        {"ErrorEquals": ["SageMaker.ResourceLimitExceededException"], "MaxAttempts": 8},
        {"ErrorEquals": ["SageMaker.AmazonSageMakerException"], "MaxAttempts": 0},
    ],
)
def test_compliance_of_a_retry_before_which_no_job_has_the_name(retry: dict[str, Any]) -> None:
    name = {"TransformJobName": "{% $states.context.Execution.Name %}"}
    assert found("JSONata", name, Retry=[retry]) == set()


def on_a_loop(name: str, wait: dict[str, Any]) -> set[str]:
    catch = [{"ErrorEquals": ["States.TaskFailed"], "Next": "Wait"}]
    states = {
        "Begin": {"Type": "Pass", "Assign": {"attempt": 1}, "Next": "Transform"},
        "Transform": task("JSONata", members={"TransformJobName": name}, Catch=catch),
        "Wait": {"Type": "Wait", "Seconds": 300, "Next": "Transform"} | wait,
    }
    return findings(lambda stack: machine(stack, "JSONata", states))


def test_noncompliance_of_a_loop_with_one_name() -> None:
    name = "{% $states.context.Execution.Name & $string($states.context.State.RetryCount) %}"
    assert on_a_loop(name, {}) == {"JobNameReused[Transform]"}
    assert on_a_loop("{% $states.context.Execution.Name & $string($attempt) %}", {}) == {
        "JobNameReused[Transform]"
    }


def test_compliance_of_a_loop_that_counts_its_iterations() -> None:
    name = "{% $states.context.Execution.Name & $string($attempt) %}"
    assert on_a_loop(name, {"Assign": {"attempt": "{% $attempt + 1 %}"}}) == set()


def for_each_item(name: str) -> set[str]:
    inside = {
        "StartAt": "Name",
        "States": {
            "Name": {"Type": "Pass", "Assign": {"day": "{% $states.input.day %}"}, "Next": "Transform"},
            "Transform": task("JSONata", members={"TransformJobName": name}),
        },
    }
    states = {"Each": {"Type": "Map", "ItemProcessor": inside, "End": True}}
    return findings(lambda stack: machine(stack, "JSONata", states))


def test_noncompliance_of_one_name_for_all_items_of_a_map() -> None:
    assert for_each_item("{% $states.context.Execution.Name %}") == {"JobNameReused[Transform]"}


@pytest.mark.parametrize(
    "name",
    ["{% 'churn-' & $states.input.day %}", "{% $states.context.Execution.Name & $day %}", "{% $uuid() %}"],
)
def test_compliance_of_a_name_for_each_item_of_a_map(name: str) -> None:
    assert for_each_item(name) == set()
