"""Cases for every state, retrier, catcher, rule and expression, of our own state machines and of any other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batch_transform.local.emulator.patches.interpreter.definition import problems
from batch_transform.parity.local_answers import CONTEXT, answer_of
from batch_transform.parity.state_cases import StateCase, StateCases, state_cases
from constructs_lib.machine.test_definition import a_definition

INVOKE = "arn:aws:states:::lambda:invoke"
DONE = {"Type": "Succeed"}


def made(states: dict[str, Any], language: str = "JSONata") -> StateCases:
    machine = {"QueryLanguage": language, "StartAt": next(iter(states)), "States": states}
    text = json.dumps(machine)
    assert problems(text) == []
    return state_cases(text)


def found(cases: StateCases, state: str) -> dict[str, StateCase]:
    return {case.what: case for case in cases.cases if case.state == state}


def answer(case: StateCase) -> dict[str, Any]:
    return answer_of(case.request, None if "mock" in case.request else CONTEXT).answer


@pytest.mark.parametrize("overlapping_runs", ["wait", "skip", "fail", "allow"])
def test_our_own_state_machine_passes_what_was_measured_of_the_validator(overlapping_runs: str) -> None:
    assert problems(json.dumps(a_definition(overlapping_runs))) == []


@pytest.mark.parametrize(
    ("state", "field", "value", "code"),
    [
        ("Transform", "Arguments", "{% $states.errorOutput %}", "UNSUPPORTED_JSONATA_EXPRESSION"),
        ("Completed", "Output", "{% output %}", "UNSUPPORTED_JSONATA_EXPRESSION"),
        ("Completed", "Output", "{% $output. %}", "INVALID_JSONATA_EXPRESSION"),
        ("Completed", "OutputPath", "$", "SCHEMA_VALIDATION_FAILED"),
        ("Diagnose", "Next", "Nowhere", "MISSING_TRANSITION_TARGET"),
    ],
)
def test_the_validator_finds_a_mistake_in_our_own_state_machine(
    state: str, field: str, value: str, code: str
) -> None:
    machine = json.loads(json.dumps(a_definition()))
    machine["States"][state][field] = value
    assert code in {problem.code for problem in problems(json.dumps(machine))}


@pytest.mark.parametrize("overlapping_runs", ["wait", "allow"])
def test_nothing_of_our_own_state_machine_is_left_out(overlapping_runs: str) -> None:
    cases = state_cases(json.dumps(a_definition(overlapping_runs)))
    assert (cases.not_reached, cases.not_evaluated) == ((), ())
    states = a_definition(overlapping_runs)["States"]
    assert {case.state for case in cases.cases} == set(states)
    for case in cases.cases:
        ended = answer(case)
        expected = {"Retry": "RETRIABLE", "Catch": "CAUGHT_ERROR", "Fail": "FAILED"}
        assert ended["status"] == expected.get(case.what.partition("[")[0], "SUCCEEDED"), case


def test_a_rule_gets_variables_that_make_its_condition_true() -> None:
    rules = [
        {"Condition": "{% $job.Status = 'Done' and $tries >= 7 %}", "Next": "A"},
        {"Condition": "{% $contains($job.Reason, /no\\s+capacity|too many/i) %}", "Next": "B"},
        {"Condition": "{% $job.Status in ['Failed', 'Stopped'] and $count($types) > 2 %}", "Next": "C"},
        {"Condition": "{% $states.input.kind = 'x' %}", "Next": "D"},
    ]
    start = {"Type": "Pass", "Assign": {"job": {"Status": "", "Reason": ""}, "tries": 0, "types": []}}
    cases = made(
        {
            "Start": {**start, "Next": "Choose"},
            "Choose": {"Type": "Choice", "Choices": rules, "Default": "E"},
            **dict.fromkeys("ABCDE", DONE),
        }
    )
    assert (cases.not_reached, cases.not_evaluated) == ((), ())
    chosen = {what: answer(case)["nextState"] for what, case in found(cases, "Choose").items()}
    assert chosen == {
        "Choices[0]": "A",
        "Choices[1]": "B",
        "Choices[2]": "C",
        "Choices[3]": "D",
        "Default": "E",
    }


def test_a_rule_that_nothing_leads_to_is_named() -> None:
    rules = [
        {"Condition": "{% true %}", "Next": "A"},
        {"Condition": "{% $states.input.x = 1 %}", "Next": "A"},
    ]
    cases = made({"C": {"Type": "Choice", "Choices": rules, "Default": "A"}, "A": DONE})
    assert cases.not_reached == ("C/Choices[1]", "C/Default")
    assert cases.not_evaluated == ("C/Choices[1]/Condition",)


def test_a_result_has_what_later_states_read_of_it() -> None:
    cases = made(
        {
            "Call": {
                "Type": "Task",
                "Resource": INVOKE,
                "Arguments": {"FunctionName": "f"},
                "Assign": {"lock": "{% $states.result.Payload.lock %}"},
                "Next": "Delete",
            },
            "Delete": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:s3:deleteObject",
                "Arguments": "{% $lock.Object %}",
                "Output": "{% $lock.Name & $string($lock.Count + 1) %}",
                "End": True,
            },
        }
    )
    (mock,) = [case.request["mock"] for case in found(cases, "Call").values()]
    payload = json.loads(mock["result"])["Payload"]
    assert payload["lock"]["Object"] == {"Bucket": "parity", "Key": "parity"}
    assert set(payload["lock"]) == {"Object", "Name", "Count"}
    assert mock["fieldValidationMode"] == "NONE"  # AWS's model knows no members of a payload


def test_a_mocked_result_satisfies_the_polled_api_with_each_value_of_a_closed_list() -> None:
    cases = made(
        {
            "Run": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
                "Assign": {"job": "{% $states.result %}"},
                "Next": "Look",
            },
            "Look": {"Type": "Pass", "Output": "{% $job.TransformJobStatus %}", "End": True},
        }
    )
    mocks = [case.request["mock"] for case in found(cases, "Run").values()]
    assert all(mock["fieldValidationMode"] == "STRICT" for mock in mocks)
    status = {json.loads(mock["result"])["TransformJobStatus"] for mock in mocks}
    assert status == {"InProgress", "Completed", "Failed", "Stopping", "Stopped"}


def test_a_catcher_behind_a_retrier_is_tested_when_the_attempts_are_used_up() -> None:
    state = {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {"FunctionName": "f"},
        "Retry": [{"ErrorEquals": ["Lambda.Slow"], "MaxAttempts": 2}, {"ErrorEquals": ["States.ALL"]}],
        "Catch": [
            {"ErrorEquals": ["Lambda.Slow"], "Next": "A"},
            {"ErrorEquals": ["States.Timeout", "Lambda.Gone"], "Next": "A"},
            {"ErrorEquals": ["States.ALL"], "Next": "A"},
        ],
        "Next": "A",
    }
    cases = made({"T": state, "A": DONE})
    assert cases.not_reached == ()
    tested = found(cases, "T")
    assert answer(tested["Retry[1]"])["inspectionData"]["errorDetails"]["retryIndex"] == 1
    for number in range(3):
        ended = answer(tested[f"Catch[{number}]"])
        assert (ended["status"], ended["inspectionData"]["errorDetails"]["catchIndex"]) == (
            "CAUGHT_ERROR",
            number,
        )


def test_states_of_branches_and_items_are_tested_too() -> None:
    item = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Output": "{% 1 %}", "End": True}}}
    branch = {"StartAt": "B", "States": {"B": {"Type": "Pass", "Output": "{% $x %}", "End": True}}}
    cases = made(
        {
            "S": {"Type": "Pass", "Assign": {"x": 5}, "Next": "M"},
            "M": {"Type": "Map", "Items": "{% [1, 2] %}", "ItemProcessor": item, "Next": "P"},
            "P": {"Type": "Parallel", "Branches": [branch], "End": True},
        }
    )
    assert (cases.not_reached, cases.not_evaluated) == ((), ())
    assert answer(found(cases, "B")["Pass"])["output"] == "5"


def test_a_wait_does_not_wait_and_its_time_is_compared() -> None:
    cases = made({"W": {"Type": "Wait", "Seconds": "{% 80000 + $ceil($random()) %}", "End": True}})
    (case,) = cases.cases
    assert json.loads(answer(case)["inspectionData"]["variables"]) == {"parity_seconds": 80001}
    assert cases.not_evaluated == ()


def test_a_state_that_cannot_have_a_context_object_keeps_the_one_that_it_gets() -> None:
    name = "{% $states.context.Execution.Name %}"
    cases = made(
        {
            "P": {"Type": "Pass", "Output": name, "Next": "F"},
            "F": {"Type": "Fail", "Error": "E", "Cause": name},
        }
    )
    kept = json.loads(answer(found(cases, "P")["Pass"])["inspectionData"]["variables"])["parity_context"]
    assert kept["Execution"]["Name"] == CONTEXT["Execution"]["Name"]
    failed = found(cases, "F")["Fail"]
    assert answer_of(failed.request, None).answer["cause"] == CONTEXT["Execution"]["Name"]


def test_paths_are_tested_as_they_are_but_for_those_to_the_context_object() -> None:
    cases = made(
        {
            "A": {"Type": "Pass", "Result": {"n": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Parameters": {"at.$": "$$.State.EnteredTime"}, "Next": "C"},
            "C": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.at", "IsPresent": True, "Next": "D"}],
                "Default": "D",
            },
            "D": DONE,
        },
        language="JSONPath",
    )
    assert [case.state for case in cases.cases] == ["A", "C", "D"]
    assert "B/Pass" in cases.not_reached
