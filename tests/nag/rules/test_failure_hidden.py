"""Paths from a failure to a success, and paths from a failure to a failure."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest

from nag.apps import findings, machine, task

ANY = ["States.ALL"]
NOTIFY = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sns:publish",
    "Arguments": {"TopicArn": "arn:aws:sns:eu-west-1:111122223333:jobs", "Message": "failed"},
}


def found(catch: list[dict[str, Any]], **states: Any) -> set[str]:
    all_states = {"Transform": task("JSONata", Catch=catch), **states}
    return findings(lambda stack: machine(stack, "JSONata", all_states))


@pytest.mark.parametrize(
    "states",
    [
        {"Notify": {**NOTIFY, "End": True}},
        {"Notify": {**NOTIFY, "Next": "Done"}, "Done": {"Type": "Succeed"}},
        {
            "Notify": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% true %}", "Next": "Failed"}],
                "Default": "Done",
            },
            "Failed": {"Type": "Fail"},
            "Done": {"Type": "Pass", "End": True},
        },
        {
            "Notify": {**NOTIFY, "Next": "Failed", "Catch": [{"ErrorEquals": ANY, "Next": "Done"}]},
            "Failed": {"Type": "Fail"},
            "Done": {"Type": "Succeed"},
        },
    ],
)
def test_noncompliance_of_a_catch_that_ends_in_success(states: dict[str, Any]) -> None:
    assert found([{"ErrorEquals": ANY, "Next": "Notify"}], **states) == {"FailureHidden[Transform]"}


@pytest.mark.parametrize(
    "states",
    [
        {"Notify": {**NOTIFY, "Next": "Failed"}, "Failed": {"Type": "Fail"}},
        {"Notify": {"Type": "Wait", "Seconds": 300, "Next": "Other"}, "Other": task("JSONata")},
    ],
)
def test_compliance_of_a_catch_that_ends_in_a_failure_or_in_another_job(states: dict[str, Any]) -> None:
    assert found([{"ErrorEquals": ANY, "Next": "Notify"}], **states) == set()


def in_parallel(*, inner: dict[str, Any], outer: dict[str, Any]) -> set[str]:
    branch = {
        "StartAt": "Transform",
        "States": {
            "Transform": task("JSONata", **inner),
            "Ignore": {"Type": "Pass", "End": True},
            "Failed": {"Type": "Fail"},
        },
    }
    states = {
        "Both": {"Type": "Parallel", "Branches": [branch], "Next": "Done", **outer},
        "Done": {"Type": "Succeed"},
        "NotDone": {"Type": "Fail"},
    }
    return findings(lambda stack: machine(stack, "JSONata", states))


def test_noncompliance_within_a_branch_and_around_it() -> None:
    ignore = {"Catch": [{"ErrorEquals": ANY, "Next": "Ignore"}]}
    fail = {"Catch": [{"ErrorEquals": ANY, "Next": "Failed"}]}
    caught = {"Catch": [{"ErrorEquals": ANY, "Next": "Done"}]}
    assert in_parallel(inner=ignore, outer={}) == {"FailureHidden[Transform]"}
    assert in_parallel(inner=fail, outer=caught) == {"FailureHidden[Both]"}


def test_compliance_within_a_branch_and_around_it() -> None:
    fail = {"Catch": [{"ErrorEquals": ANY, "Next": "Failed"}]}
    fail_too = {"Catch": [{"ErrorEquals": ANY, "Next": "NotDone"}]}
    assert in_parallel(inner=fail, outer=fail_too) == set()


@pytest.mark.parametrize(("tolerated", "expected"), [(5, {"FailureHidden[Each]"}), (0, set())])
def test_a_map_that_tolerates_failed_items(tolerated: int, expected: set[str]) -> None:
    inner = task("JSONata", members={"TransformJobName": "{% $uuid() %}"})
    states = {
        "Each": {
            "Type": "Map",
            "ToleratedFailurePercentage": tolerated,
            "ItemProcessor": {"StartAt": "Transform", "States": {"Transform": inner}},
            "End": True,
        }
    }
    assert findings(lambda stack: machine(stack, "JSONata", states)) == expected


def before_the_job(errors: list[str]) -> set[str]:
    check = {**NOTIFY, "Next": "Transform", "Catch": [{"ErrorEquals": errors, "Next": "Skip"}]}
    states = {"Check": check, "Transform": task("JSONata"), "Skip": {"Type": "Succeed"}}
    return findings(lambda stack: machine(stack, "JSONata", states))


def test_noncompliance_of_a_caught_error_that_silently_skips_the_job() -> None:
    assert before_the_job(ANY) == {"FailureHidden[Check]"}


def test_compliance_of_one_named_error_before_the_job() -> None:
    assert before_the_job(["S3.NoSuchKeyException"]) == set()


def test_compliance_of_what_happens_after_the_job() -> None:
    def define(stack: cdk.Stack) -> None:
        notify = {**NOTIFY, "End": True, "Catch": [{"ErrorEquals": ANY, "Next": "Done"}]}
        states = {
            "Transform": task("JSONata", End=None, Next="Notify"),
            "Notify": notify,
            "Done": {"Type": "Succeed"},
        }
        machine(stack, "JSONata", states)

    assert findings(define) == set()


def test_compliance_of_a_catch_that_follows_the_status_of_the_job() -> None:
    look = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeTransformJob",
        "Arguments": {"TransformJobName": "{% $states.context.Execution.Name %}"},
        "Next": "Ended",
    }
    ended = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input.TransformJobStatus = 'Completed' %}", "Next": "Done"}],
        "Default": "Failed",
    }
    states = {"Look": look, "Ended": ended, "Done": {"Type": "Succeed"}, "Failed": {"Type": "Fail"}}
    catch = [{"ErrorEquals": ANY, "Next": "Look"}]
    assert found(catch, **states) == set()
    states["Look"] = {**look, "Catch": [{"ErrorEquals": ANY, "Next": "Done"}]}
    assert found(catch, **states) == {"FailureHidden[Look]"}


@pytest.mark.parametrize(
    ("language", "rule"),
    [
        ("JSONata", {"Condition": "{% $completed %}"}),
        ("JSONPath", {"Variable": "$completed", "BooleanEquals": True}),
    ],
)
@pytest.mark.parametrize("set_on_the_way", [False, True])
def test_ends_that_success_and_failure_share(
    language: str, rule: dict[str, Any], *, set_on_the_way: bool
) -> None:
    """Success and failure share the cleanup, with a variable for the outcome."""
    states = {
        "Begin": {"Type": "Pass", "Assign": {"completed": False}, "Next": "Transform"},
        "Transform": task(
            language,
            End=None,
            Next="Good",
            Catch=[{"ErrorEquals": ANY, "Next": "CleanUp", "Assign": {"completed": set_on_the_way}}],
        ),
        "Good": {"Type": "Pass", "Assign": {"completed": True}, "Next": "CleanUp"},
        "CleanUp": {"Type": "Wait", "Seconds": 1, "Next": "HowWasIt"},
        "HowWasIt": {"Type": "Choice", "Choices": [{**rule, "Next": "Done"}], "Default": "Failed"},
        "Done": {"Type": "Succeed"},
        "Failed": {"Type": "Fail"},
    }
    expected = {"FailureHidden[Transform]"} if set_on_the_way else set()
    assert findings(lambda stack: machine(stack, language, states)) == expected
