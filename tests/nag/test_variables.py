"""Requests in a variable: followed when one Assign set it to an object, and reported otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from nag.apps import findings, machine, request, task

BLIND = {"RequestUnreadable[Transform]"}
READ: dict[str, dict[str, Any]] = {
    "JSONata": {"Arguments": "{% $request %}"},
    "JSONPath": {"Parameters": None, "Parameters.$": "$request"},
}


def found(language: str, states: dict[str, Any]) -> set[str]:
    return findings(lambda stack: machine(stack, language, states))


def assigning(value: object, following: str = "Transform", **members: Any) -> dict[str, Any]:
    return {"Type": "Pass", "Assign": {"request": value}, "Next": following, **members}


def test_a_compliant_request_in_a_variable_is_compliant() -> None:
    states = {"Begin": assigning(request("JSONata")), "Transform": task("JSONata", **READ["JSONata"])}
    assert found("JSONata", states) == set()


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}, "VolumeWithoutKey"),
        ({"TransformJobName": "churn"}, "JobNameReused"),
        ({"ModelClientConfig": {"InvocationsMaxRetries": 0}}, "InvocationsNotRetried"),
    ],
)
def test_a_faulty_request_in_a_variable_is_found(changes: dict[str, Any], finding: str) -> None:
    states = {
        "Begin": assigning(request("JSONata", changes), "Check"),
        "Check": {"Type": "Wait", "Seconds": 1, "Next": "Transform"},
        "Transform": task("JSONata", **READ["JSONata"]),
    }
    assert found("JSONata", states) == {f"{finding}[Transform]"}


@pytest.mark.parametrize("with_key", [False, True])
@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_a_structure_in_a_variable_is_seen_through(language: str, *, with_key: bool) -> None:
    compliant = request(language)
    output = dict(compliant["TransformOutput"])
    if not with_key:
        del output["KmsKeyId"]
    read = {"JSONata": {"TransformOutput": "{% $request.output %}"}}.get(
        language, {"TransformOutput": None, "TransformOutput.$": "$request.output"}
    )
    states = {"Begin": assigning({"output": output}), "Transform": task(language, members=read)}
    assert found(language, states) == (set() if with_key else {"OutputWithoutKey[Transform]"})


def test_a_retry_does_not_evaluate_the_name_in_a_variable_again() -> None:
    retry = [{"ErrorEquals": ["SageMaker.AmazonSageMakerException"], "MaxAttempts": 4}]
    states = {
        "Begin": assigning(request("JSONata")),
        "Transform": task("JSONata", **READ["JSONata"], Retry=retry),
    }
    assert found("JSONata", states) == {"JobNameReused[Transform]"}


def test_a_later_assignment_hides_an_earlier_one() -> None:
    states = {
        "Begin": assigning({"ModelName": "churn"}, "Again"),
        "Again": assigning(request("JSONata")),
        "Transform": task("JSONata", **READ["JSONata"]),
    }
    assert found("JSONata", states) == set()


def test_the_value_of_two_possible_assignments_is_unknown() -> None:
    rule = {"Condition": "{% $states.input.small %}", "Next": "Small"}
    states = {
        "Which": {"Type": "Choice", "Choices": [rule], "Default": "Large"},
        "Small": assigning(request("JSONata")),
        "Large": assigning(request("JSONata", {"ModelName": "large"})),
        "Transform": task("JSONata", **READ["JSONata"]),
    }
    assert found("JSONata", states) == BLIND


def test_the_assignment_of_a_catch_applies_to_its_path_only() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Assign": {"request": {}}, "Next": "Stop"}]
    states = {
        "Begin": {
            **assigning(request("JSONata")),
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:listBuckets",
            "Catch": catch,
        },
        "Transform": task("JSONata", **READ["JSONata"]),
        "Stop": {"Type": "Fail"},
    }
    assert found("JSONata", states) == set()


@pytest.mark.parametrize(
    "value",
    ["{% $states.input.request %}", "{% $states.result.Payload.request %}", "{% $merge([$request, {}]) %}"],
)
def test_values_of_inputs_and_functions_are_reported_as_unknown(value: str) -> None:
    states = {"Begin": assigning(value), "Transform": task("JSONata", **READ["JSONata"])}
    assert found("JSONata", states) == BLIND


def test_a_variable_that_a_loop_assigns_from_itself_is_reported_as_unknown() -> None:
    made_of_itself = request("JSONata", {"TransformOutput": "{% $request.TransformOutput %}"})
    catch = [{"ErrorEquals": ["States.TaskFailed"], "Next": "Begin"}]
    states = {
        "Begin": assigning(made_of_itself),
        "Transform": task("JSONata", **READ["JSONata"], Catch=catch),
    }
    assert "RequestUnreadable[Transform/TransformOutput]" in found("JSONata", states)


def test_a_variable_from_around_a_branch_is_followed() -> None:
    branch = {"StartAt": "Transform", "States": {"Transform": task("JSONata", **READ["JSONata"])}}
    states = {
        "Begin": assigning(
            request("JSONata", {"TransformOutput": {"S3OutputPath": "s3://scores/a"}}), "Both"
        ),
        "Both": {"Type": "Parallel", "Branches": [branch], "End": True},
    }
    assert {"OutputWithoutKey[Transform]", "OutputPathReused[Transform]"} <= found("JSONata", states)
