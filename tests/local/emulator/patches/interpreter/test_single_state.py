"""TestState answers as on AWS. The cases are those that LocalStack recorded, by the names of its tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

INVOKE = "arn:aws:states:::lambda:invoke"
CREATE = "arn:aws:states:::sagemaker:createTransformJob.sync"
DESCRIBE = "arn:aws:states:::aws-sdk:sagemaker:describeTransformJob"
START = "arn:aws:states:::states:startExecution"
ERROR = {"error": "MockException", "cause": "Mock the cause of the error."}
ITEM = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
PARALLEL = {"Type": "Parallel", "Branches": [ITEM, ITEM], "End": True}
MAP = {"Type": "Map", "ItemProcessor": ITEM, "End": True}

Try = Callable[..., dict[str, Any]]


@pytest.fixture
def attempt(lab: Any) -> Try:
    """Test one state, with JSON for each text of the API, and return the answer with its texts read."""

    def test(state: dict[str, Any], given: object = None, **request: Any) -> dict[str, Any]:
        for name in ("variables", "context"):
            if name in request:
                request[name] = json.dumps(request[name])
        if "result" in request:
            request["mock"] = {"result": json.dumps(request.pop("result")), **request.pop("mode", {})}
        if "error" in request:
            request["mock"] = {"errorOutput": request.pop("error")}
        answer = lab.states.test_state(
            definition=json.dumps(state), input=json.dumps({} if given is None else given), **request
        )
        del answer["ResponseMetadata"]
        return {name: read(value) for name, value in answer.items()}

    return test


def read(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: read(each) for name, each in value.items()}
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def task(resource: str = INVOKE, **fields: Any) -> dict[str, Any]:
    arguments = {"FunctionName": "foo", "Payload": "bar"}
    state = {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True, **fields}
    return {"QueryLanguage": "JSONata", **state}


def test_a_mocked_result_is_the_result_of_the_task(attempt: Try) -> None:
    state = task(
        Output={"was": "{% $states.input.a %}", "is": "{% $states.result.StatusCode %}"},
        Assign={"n": "{% $n + 1 %}"},
        End=False,
        Next="Other",
    )
    answer = attempt(state, {"a": 1}, result={"StatusCode": 200}, variables={"n": 1}, inspectionLevel="DEBUG")
    assert answer == {
        "status": "SUCCEEDED",
        "nextState": "Other",
        "output": {"was": 1, "is": 200},
        "inspectionData": {
            "input": {"a": 1},
            "afterArguments": {"FunctionName": "foo", "Payload": "bar"},
            "result": {"StatusCode": 200},
            "variables": {"n": 2},
        },
    }


@pytest.mark.parametrize(("error", "index"), [("MockException", 0), ("States.TaskFailed", 1)])
def test_a_mocked_error_is_caught(attempt: Try, error: str, index: int) -> None:
    """`test_state_task_catch_error`."""
    catch = [
        {"ErrorEquals": ["MockException"], "Output": "{% $states.errorOutput %}", "Next": "N0"},
        {
            "ErrorEquals": ["States.TaskFailed"],
            "Assign": {"e": "{% $states.errorOutput.Error %}"},
            "Next": "N1",
        },
    ]
    answer = attempt(task(Catch=catch), error={"error": error, "cause": "why"}, inspectionLevel="DEBUG")
    assert (answer["status"], answer["nextState"]) == ("CAUGHT_ERROR", f"N{index}")
    assert (answer["error"], answer["cause"]) == (error, "why")
    assert answer["output"] == {"Error": error, "Cause": "why"}
    inspected = answer["inspectionData"]
    assert inspected["errorDetails"] == {"catchIndex": index}
    assert inspected.get("variables") == ({"e": error} if index else None)


@pytest.mark.parametrize(
    ("retries", "status", "details"),
    [
        (4, "RETRIABLE", {"retryIndex": 0, "retryBackoffIntervalSeconds": 16}),
        (5, "FAILED", {"retryIndex": 0}),
    ],
)
def test_a_retrier_answers_with_its_next_pause(
    attempt: Try, retries: int, status: str, details: dict[str, int]
) -> None:
    """`test_state_configuration_retrier_retry_count`."""
    retry = [{"ErrorEquals": ["MockException"], "IntervalSeconds": 1, "MaxAttempts": 5, "BackoffRate": 2.0}]
    answer = attempt(
        task(Retry=retry),
        error=ERROR,
        stateConfiguration={"retrierRetryCount": retries},
        inspectionLevel="DEBUG",
    )
    assert answer["status"] == status
    assert {name: answer[name] for name in ERROR} == ERROR
    assert answer["inspectionData"]["errorDetails"] == details


def test_a_catcher_follows_when_the_attempts_are_used_up(attempt: Try) -> None:
    rules: dict[str, Any] = {
        "Retry": [{"ErrorEquals": ["MockException"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}],
    }
    answer = attempt(task(**rules), error=ERROR, stateConfiguration={"retrierRetryCount": 1})
    assert (answer["status"], answer["nextState"]) == ("CAUGHT_ERROR", "C")


PASS = {"Type": "Pass", "End": True}
GIVEN = {"a": {"b": 1}}
INSPECTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "BASE_PASS_STATE": (
        PASS,
        {
            "afterInputPath": GIVEN,
            "afterParameters": GIVEN,
            "afterResultPath": GIVEN,
            "afterResultSelector": GIVEN,
        },
    ),
    "BASE_RESULT_PASS_STATE": (
        {**PASS, "Result": 2},
        {"afterResultPath": 2, "afterResultSelector": 2, "result": 2},
    ),
    "IO_PASS_STATE": (
        {**PASS, "InputPath": "$.a", "Parameters": {"c.$": "$.b"}, "ResultPath": "$.d"},
        {
            "afterInputPath": {"b": 1},
            "afterParameters": {"c": 1},
            "afterResultSelector": {"c": 1},
            "afterResultPath": {"a": {"b": 1}, "d": {"c": 1}},
        },
    ),
    "BASE_FAIL_STATE": ({"Type": "Fail", "Error": "E", "Cause": "C"}, {"afterInputPath": GIVEN}),
    "BASE_SUCCEED_STATE": ({"Type": "Succeed"}, {"afterInputPath": GIVEN}),
    "a Pass in JSONata": ({**PASS, "QueryLanguage": "JSONata"}, {}),
}


@pytest.mark.parametrize("name", INSPECTED)
def test_each_step_of_input_and_output_is_inspected(attempt: Try, name: str) -> None:
    """`test_base_inspection_level_debug`."""
    state, steps = INSPECTED[name]
    answer = attempt(state, GIVEN, inspectionLevel="DEBUG")
    assert answer["inspectionData"] == {"input": GIVEN, **steps}
    assert "inspectionData" not in attempt(state)


def test_a_choice_answers_with_the_state_that_it_leads_to(attempt: Try) -> None:
    rules = [
        {"Condition": "{% $states.input.n = 1 %}", "Next": "One"},
        {"Condition": "{% $states.input.n = 2 %}", "Assign": {"two": True}, "Next": "Two"},
    ]
    state = {"QueryLanguage": "JSONata", "Type": "Choice", "Choices": rules, "Default": "More"}
    found = [attempt(state, {"n": n}, inspectionLevel="DEBUG") for n in (1, 2, 3)]
    assert [answer["nextState"] for answer in found] == ["One", "Two", "More"]
    assert [answer["inspectionData"].get("variables") for answer in found] == [None, {"two": True}, None]


def test_branches_and_items_are_mocked_as_a_whole(attempt: Try) -> None:
    both = attempt(PARALLEL, result=[1, 2], inspectionLevel="DEBUG")
    items = attempt(
        {**MAP, "ItemsPath": "$.l", "MaxConcurrency": 2}, {"l": [3]}, result=[4], inspectionLevel="DEBUG"
    )
    assert (both["output"], items["output"]) == ([1, 2], [4])
    assert items["inspectionData"]["maxConcurrency"] == 2
    assert attempt(PARALLEL, error=ERROR)["status"] == "FAILED"


def test_the_context_object_is_as_given(attempt: Try) -> None:
    """`test_state_task_context_object`, `test_state_wait_task_context_object`."""
    context = {"Execution": {"Id": "arn:x", "Input": [1]}, "State": {}, "Task": {"Token": "t"}}
    state = task(f"{INVOKE}.waitForTaskToken", Output="{% $states.context.Execution.Input[0] %}")
    state["Arguments"] = {"Payload": "{% $states.context.Task.Token %}"}
    answer = attempt(state, context=context, result={"any": 1}, inspectionLevel="DEBUG")
    assert answer["output"] == 1
    assert answer["inspectionData"]["afterArguments"] == {"Payload": "t"}


def test_the_context_object_without_one_is_of_an_execution_with_this_input(attempt: Try) -> None:
    state = {**PASS, "QueryLanguage": "JSONata", "Output": "{% $states.context.Execution.Input.a %}"}
    assert attempt(state, {"a": 7})["output"] == 7
    machine = {"StartAt": "M", "States": {"M": {**MAP, "ItemProcessor": items_of("$$.Map.Item.Value.a")}}}
    assert attempt(machine, {"a": 8}, stateName="I")["output"] == 8


def items_of(path: str) -> dict[str, Any]:
    return {"StartAt": "I", "States": {"I": {**PASS, "InputPath": path}}}


def test_a_state_of_a_machine_is_tested_in_its_language(attempt: Try) -> None:
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Output": "{% 1 + 1 %}", "Next": "B"}, "B": {"Type": "Succeed"}},
    }
    assert attempt(machine, stateName="A") == {"status": "SUCCEEDED", "output": 2, "nextState": "B"}
    assert attempt(machine, 5, stateName="B") == {"status": "SUCCEEDED", "output": 5}


FAILS: dict[str, tuple[str, str, str]] = {
    "an undefined value": (
        "$states.input.missing",
        "Output/v",
        "returned nothing (undefined).",
    ),
    "a type error": (
        "1 + 'a'",
        "Output/v",
        "threw an error during evaluation. T2002: The right side of the + operator must evaluate to a number",
    ),
}


@pytest.mark.parametrize("name", FAILS)
def test_an_expression_that_fails_names_its_field_without_an_event(attempt: Try, name: str) -> None:
    expression, field, said = FAILS[name]
    state = {**PASS, "QueryLanguage": "JSONata", "Output": {"v": f"{{% {expression} %}}"}}
    assert attempt(state) == {
        "status": "FAILED",
        "error": "States.QueryEvaluationError",
        "cause": f"The JSONata expression '{expression}' specified for the field '{field}' {said}",
    }


def test_an_expression_without_an_end_is_ended(attempt: Try) -> None:
    endless = "($f := function($n) { $f($n + 1) }; $f(1))"
    answer = attempt({**PASS, "QueryLanguage": "JSONata", "Output": f"{{% {endless} %}}"})
    assert (answer["status"], answer["error"]) == ("FAILED", "States.QueryEvaluationError")
    assert "threw an error during evaluation. D1012" in answer["cause"]


JOB = {
    "TransformJobName": "j",
    "TransformJobArn": "arn:aws:sagemaker:us-east-1:000000000000:transform-job/j",
    "TransformJobStatus": "Completed",
    "ModelName": "m",
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}}},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "CreationTime": "2026-11-30T12:00:00Z",
}
VALIDATION = "ValidationException"
MISFIT = "Mock result schema validation error: "
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "a mock of a Pass": (
        PASS,
        {"result": 1},
        VALIDATION,
        "State type 'Pass' is not supported when a mock is specified",
    ),
    "both": (
        task(),
        {"mock": {"result": "1", "errorOutput": {"error": "E"}}},
        VALIDATION,
        "A test mock should have only one of the following fields: [result, errorOutput].",
    ),
    "secrets": (
        task(),
        {"result": {}, "revealSecrets": True},
        VALIDATION,
        "TestState does not support RevealSecrets when a mock is specified.",
    ),
    "a Map without a mock": (
        MAP,
        {},
        "InvalidDefinition",
        "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, "
        "Succeed, Fail, Choice]",
    ),
    "a result that is no array": (PARALLEL, {"result": {}}, VALIDATION, "Mocked result must be an array."),
    "too few results": (
        PARALLEL,
        {"result": [1]},
        VALIDATION,
        "Mocked result must contain the same number of items as number of Parallel branches.",
    ),
    "no branches": (
        {**PARALLEL, "Branches": []},
        {"result": []},
        "InvalidDefinition",
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Value cannot be empty at "
        "/States/StateName/Branches'",
    ),
    "a result that is not JSON": (
        task(),
        {"mock": {"result": "not JSON", "fieldValidationMode": "NONE"}},
        VALIDATION,
        "Mocked result must be valid JSON",
    ),
    "no role": (task(), {}, VALIDATION, "RoleArn must be specified when testing a Task state"),
    "a state that is not there": (
        {"StartAt": "S", "States": {"S": PASS}},
        {"stateName": "dne"},
        VALIDATION,
        "State not found in definition",
    ),
    "a Map in the context": (
        task(),
        {"result": {}, "context": {"Map": {}}},
        VALIDATION,
        "Invalid Context object provided: 'Map' field is not supported when mocking a Context object",
    ),
    "another part of the context": (
        task(),
        {"result": {}, "context": {"Pokedex": {}}},
        VALIDATION,
        "Invalid Context object provided: Field 'Pokedex' is not allowed",
    ),
    "another field of the context": (
        task(),
        {"result": {}, "context": {"Execution": {"pokemon": "squirtle"}}},
        VALIDATION,
        "Invalid Context object provided: Field 'pokemon' is not allowed",
    ),
    "an id of another type": (
        task(),
        {"result": {}, "context": {"Execution": {"Id": 1}}},
        VALIDATION,
        "Invalid Context object provided: Execution.Id must be a string",
    ),
    "a token of a task without one": (
        task(),
        {"result": {}, "context": {"Task": {"Token": "t"}}},
        VALIDATION,
        "Invalid Context object provided: Context object contains 'Task' when state is not a Task state with a "
        "'.sync' or '.waitForTaskToken' service integration pattern",
    ),
    "a required member that is missing": (
        task(START),
        {"result": {"executionArn": "lower case"}},
        VALIDATION,
        f"{MISFIT}Required field 'ExecutionArn' is missing",
    ),
    "a time that is no text": (
        task(START),
        {"result": {"ExecutionArn": "a", "StartDate": 1}},
        VALIDATION,
        f"{MISFIT}Field 'StartDate' must be a string",
    ),
    "a number as text": (
        task(),
        {"result": {"StatusCode": "200"}},
        VALIDATION,
        f"{MISFIT}Field 'StatusCode' must be a number",
    ),
    "a list that is none": (
        task("arn:aws:states:::events:putEvents"),
        {"result": {"Entries": 1}},
        VALIDATION,
        f"{MISFIT}Field 'Entries' must be an array",
    ),
    "a value of no list": (
        task("arn:aws:states:::aws-sdk:s3:getObject"),
        {"result": {"StorageClass": "FLOPPY"}},
        VALIDATION,
        f"{MISFIT}Field 'StorageClass' is not an expected value",
    ),
    "a number that is too small": (
        task("arn:aws:states:::aws-sdk:lambda:getFunction"),
        {"result": {"Configuration": {"MemorySize": 1}}},
        VALIDATION,
        f"{MISFIT}Field 'MemorySize' is less than the minimum value",
    ),
    "the answer of the call instead of the polled one": (
        task(CREATE),
        {"result": {"TransformJobArn": JOB["TransformJobArn"]}},
        VALIDATION,
        f"{MISFIT}Required field 'TransformJobName' is missing",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_fails_with_awss_text_for(attempt: Try, lab: Any, name: str) -> None:
    state, request, code, text = REFUSED[name]
    assert lab.refusal(lambda: attempt(state, **request)) == (code, text)


@pytest.mark.parametrize(
    ("resource", "result", "mode"),
    [
        (CREATE, JOB, {}),
        (DESCRIBE, JOB, {}),
        (DESCRIBE, {}, {"fieldValidationMode": "PRESENT"}),
        (START, {"StartDate": True}, {"fieldValidationMode": "NONE"}),
        (INVOKE, {"random": "json"}, {}),
        ("arn:aws:states:::aws-sdk:noSuchService:call", {"x": 1}, {}),
    ],
)
def test_accepts_a_result_of_the_service(
    attempt: Try, resource: str, result: dict[str, Any], mode: dict[str, str]
) -> None:
    answer = attempt(task(resource), result=result, mode=mode)
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", result)


def test_a_task_without_a_mock_is_called(attempt: Try) -> None:
    listed = task("arn:aws:states:::aws-sdk:sagemaker:listTransformJobs", Arguments={"NameContains": "none"})
    answer = attempt(listed, roleArn="arn:aws:iam::000000000000:role/states")
    assert (answer["status"], answer["output"]["TransformJobSummaries"]) == ("SUCCEEDED", [])
