"""Executions in the local AWS end and write histories like recorded executions on AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

DONE = {"Type": "Pass", "End": True}
CAUGHT = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
FAIL = {"Type": "Fail", "Error": "FailureType", "Cause": "Cause description"}
AT = "An error occurred while executing the state 'S' (entered at the event id #2). "
LISTED = "arn:aws:states:::aws-sdk:sagemaker:listTransformJobs"


def run(
    lab: Any, states: dict[str, Any], given: object = None, **machine: Any
) -> tuple[dict[str, Any], list[Any]]:
    """Run a machine, and return the execution and its events."""
    definition = {"StartAt": next(iter(states)), "States": states, **machine}
    arn = lab.states.create_state_machine(
        name=lab.name(), definition=json.dumps(definition), roleArn="arn:aws:iam::000000000000:role/states"
    )["stateMachineArn"]
    execution = lab.states.start_execution(
        stateMachineArn=arn, input=json.dumps({} if given is None else given)
    )
    ended = lab.execution(execution["executionArn"])
    return ended, lab.states.get_execution_history(executionArn=execution["executionArn"])["events"]


def order(events: list[Any]) -> list[tuple[int, int, str]]:
    return [(event["id"], event["previousEventId"], event["type"]) for event in events]


def output(execution: dict[str, Any]) -> Any:
    assert execution["status"] == "SUCCEEDED", execution
    return json.loads(execution["output"])


GIVEN = {"int-literal": 0}
ITEM = {"StartAt": "I", "States": {"I": DONE}}
NO_PATH: dict[str, tuple[dict[str, Any], str]] = {
    "Parameters": (
        {**DONE, "Parameters": {"a": {"value.$": "$.no_such_jsonpath"}}},
        "The JSONPath '$.no_such_jsonpath' specified for the field 'value.$' could not be found in the input "
        "'{\"int-literal\":0}'",
    ),
    "InputPath": (
        {**DONE, "InputPath": "$.NoSuchInputPath"},
        "Invalid path '$.NoSuchInputPath' : No results for path: $['NoSuchInputPath']",
    ),
    "OutputPath": (
        {**DONE, "OutputPath": "$.no.such.result.path"},
        "Invalid path '$.no.such.result.path' : Missing property in path $['no']",
    ),
    "ItemsPath": (
        {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": ITEM, "End": True},
        "Invalid path '$.items' : No results for path: $['items']",
    ),
    "items that are none": (
        {"Type": "Map", "ItemProcessor": ITEM, "End": True},
        'Reference path "$" must point to array.',
    ),
    "MaxConcurrencyPath": (
        {
            "Type": "Map",
            "ItemsPath": "$$.Execution.Input.items",
            "MaxConcurrencyPath": "$.items",
            "ItemProcessor": ITEM,
            "End": True,
        },
        "Invalid path '$$.Execution.Input.items' : No results for path: $['Execution']['Input']['items']",
    ),
    "a Choice": (
        {
            "Type": "Choice",
            "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "Caught"}],
            "Default": "Caught",
        },
        "Invalid path '$.x': The choice state's condition path references an invalid value.",
    ),
    "States.Format": (
        {**DONE, "Parameters": {"text.$": "States.Format('{}', $.x)"}},
        "The function 'States.Format('{}', $.x)' had the following error: Invalid path '$.x' : No results for path: "
        "$['x']",
    ),
    "SecondsPath": (
        {"Type": "Wait", "SecondsPath": "$.x", "End": True},
        "The SecondsPath parameter does not reference an input value: $.x",
    ),
    "TimeoutSecondsPath": (
        {"Type": "Task", "Resource": LISTED, "TimeoutSecondsPath": "$.x", "End": True},
        "Invalid path '$.x' : No results for path: $['x']",
    ),
    "ErrorPath": (
        {"Type": "Fail", "ErrorPath": "$.x"},
        "The JSONPath '$.x' specified for the field 'ErrorPath' could not be found in the input '{\"int-literal\":0}'",
    ),
}


@pytest.mark.parametrize("where", NO_PATH)
def test_fails_as_states_runtime_when_a_path_finds_nothing_in(lab: Any, where: str) -> None:
    state, cause = NO_PATH[where]
    states = {"S": state, **({"Caught": DONE} if state["Type"] == "Choice" else {})}
    execution, events = run(lab, states, GIVEN)
    assert execution["status"] == "FAILED"
    assert (execution["error"], execution["cause"]) == ("States.Runtime", AT + cause)
    assert "output" not in execution
    assert order(events) == [
        (1, 0, "ExecutionStarted"),
        (2, 0, f"{state['Type']}StateEntered"),
        (3, 2, "ExecutionFailed"),
    ]


@pytest.mark.parametrize("field", [{"ResultSelector": {"x.$": "$.none"}}, {"OutputPath": "$.none"}])
@pytest.mark.parametrize("name", ["States.ALL", "States.TaskFailed", "States.Runtime"])
def test_nothing_catches_or_retries_states_runtime(lab: Any, field: dict[str, Any], name: str) -> None:
    states = {
        "S": {
            "Type": "Task",
            "Resource": LISTED,
            "Retry": [{"ErrorEquals": [name], "MaxAttempts": 3}],
            "Catch": [{"ErrorEquals": [name], "Next": "Caught"}],
            "End": True,
            **field,
        },
        "Caught": DONE,
    }
    execution, events = run(lab, states)
    assert (execution["status"], execution["error"]) == ("FAILED", "States.Runtime")
    assert [event["type"] for event in events[2:]] == [
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "ExecutionFailed",
    ]


def test_fails_as_states_runtime_when_no_choice_matches(lab: Any) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": 2, "Next": "Two"}]}
    execution, _ = run(lab, {"S": choice, "Two": DONE}, {"x": 1})
    assert (execution["error"], execution["cause"]) == (
        "States.Runtime",
        f"{AT}Failed to transition out of the state. The state does not point to a next state.",
    )


def test_a_result_path_that_cannot_be_applied_is_an_error_of_its_own_that_can_be_caught(lab: Any) -> None:
    failing = {"Type": "Task", "Resource": LISTED, "Parameters": {}, "ResultPath": "$.a.b", "End": True}
    execution, _ = run(lab, {"S": failing}, {"a": 1})
    assert execution["error"] == "States.ResultPathMatchFailure"
    assert execution["cause"] == (
        f"{AT}Unable to apply the ResultPath '$.a.b' to the input: $['a'] is a number, not an object"
    )
    execution, _ = run(lab, {"S": {**failing, "Catch": CAUGHT}, "Caught": DONE}, {"a": 1})
    assert output(execution)["Error"] == "States.ResultPathMatchFailure"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1, "1"),
        (1.1, "1.1"),
        ("", ""),
        ('{"Arg1": 1, "Arg2": []}', '{"Arg1": 1, "Arg2": []}'),
        ({"Arg1": 1, "Arg2": []}, "{Arg1=1, Arg2=[]}"),
        ([1, None, "a"], "[1, null, a]"),
    ],
)
def test_format_writes_a_value_as_java_does(lab: Any, value: object, text: str) -> None:
    state = {**DONE, "Parameters": {"text.$": "States.Format('it\\'s {}.', $.value)"}}
    assert output(run(lab, {"S": state}, {"value": value})[0]) == {"text": f"it's {text}."}


@pytest.mark.parametrize(
    "call",
    [
        "States.Format('{} {}', $.a)",
        "States.ArrayGetItem($.a, 1)",
        "States.StringToJson('{')",
        "States.MathAdd('x', 1)",
    ],
)
def test_a_function_with_wrong_arguments_is_an_error_that_can_be_caught(lab: Any, call: str) -> None:
    state = {
        "Type": "Task",
        "Resource": LISTED,
        "Parameters": {"NameContains.$": call},
        "Catch": CAUGHT,
        "End": True,
    }
    caught = output(run(lab, {"S": state, "Caught": DONE}, {"a": [1]})[0])
    assert caught["Error"] == "States.IntrinsicFailure"
    name = call.partition("(")[0]
    assert (
        caught["Cause"] == f"{AT}The function '{call}' had the following error: Invalid arguments in {name}"
    )


def test_the_context_object_has_the_same_fields_as_on_aws(lab: Any) -> None:
    execution, _ = run(lab, {"S": {**DONE, "InputPath": "$$", "Parameters": {"all.$": "$"}}}, GIVEN)
    context = output(execution)["all"]
    assert context.keys() == {"Execution", "StateMachine", "State"}
    assert context["Execution"] == {
        "Id": execution["executionArn"],
        "Input": GIVEN,
        "Name": execution["name"],
        "RoleArn": "arn:aws:iam::000000000000:role/states",
        "RedriveCount": 0,
        "StartTime": context["Execution"]["StartTime"],
    }
    assert context["State"]["Name"] == "S"
    in_jsonata = {"Type": "Pass", "Output": "{% $states.context.Execution.RoleArn %}", "End": True}
    assert output(run(lab, {"S": in_jsonata}, QueryLanguage="JSONata")[0]).endswith("role/states")


def test_the_events_of_a_parallel_follow_each_other_by_branch(lab: Any) -> None:
    branches = [{"StartAt": f"B{number}", "States": {f"B{number}": DONE}} for number in range(3)]
    state = {"Type": "Parallel", "Branches": branches, "End": True}
    execution, events = run(lab, {"S": state}, GIVEN)
    assert output(execution) == [GIVEN] * 3
    ordered = order(events)
    assert ordered[:3] == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "ParallelStateEntered"),
        (3, 2, "ParallelStateStarted"),
    ]
    entered = {
        event["stateEnteredEventDetails"]["name"]: event["id"]
        for event in events
        if event["type"] == "PassStateEntered"
    }
    for event in events:
        if event["type"] == "PassStateEntered":
            assert event["previousEventId"] == 3
        elif event["type"] == "PassStateExited":
            assert event["previousEventId"] == entered[event["stateExitedEventDetails"]["name"]]
    assert ordered[9:] == [
        (10, 9, "ParallelStateSucceeded"),
        (11, 9, "ParallelStateExited"),
        (12, 11, "ExecutionSucceeded"),
    ]


def test_a_branch_that_fails_ends_the_others_and_can_be_retried_and_caught(lab: Any) -> None:
    states = {
        "S": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Long", "States": {"Long": {"Type": "Wait", "Seconds": 86_400, "End": True}}},
                {
                    "StartAt": "Short",
                    "States": {"Short": {"Type": "Wait", "Seconds": 5, "Next": "F"}, "F": FAIL},
                },
            ],
            "Retry": [{"ErrorEquals": ["FailureType"], "MaxAttempts": 1, "IntervalSeconds": 1}],
            "Catch": CAUGHT,
            "End": True,
        },
        "Caught": DONE,
    }
    execution, events = run(lab, states)
    assert output(execution) == {"Error": "FailureType", "Cause": "Cause description"}
    outside = [event for event in order(events) if "Parallel" in event[2]]
    failed = [event["id"] for event in events if event["type"] == "FailStateEntered"]
    assert outside == [
        (2, 0, "ParallelStateEntered"),
        (3, 2, "ParallelStateStarted"),
        (failed[0] + 1, failed[0], "ParallelStateStarted"),
        (failed[1] + 1, failed[1], "ParallelStateFailed"),
        (failed[1] + 2, failed[1] + 1, "ParallelStateExited"),
    ]


def test_the_events_of_a_map_follow_each_other_by_item(lab: Any) -> None:
    inner = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": ITEM, "End": True}
    outer = {**inner, "ItemProcessor": {"StartAt": "In", "States": {"In": inner}}}
    execution, events = run(lab, {"S": outer}, [[1, 2], [3]])
    assert output(execution) == [[1, 2], [3]]
    assert order(events) == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "MapStateEntered"),
        (3, 2, "MapStateStarted"),
        (4, 3, "MapIterationStarted"),
        (5, 4, "MapStateEntered"),
        (6, 5, "MapStateStarted"),
        (7, 6, "MapIterationStarted"),
        (8, 7, "PassStateEntered"),
        (9, 8, "PassStateExited"),
        (10, 9, "MapIterationSucceeded"),
        (11, 9, "MapIterationStarted"),
        (12, 11, "PassStateEntered"),
        (13, 12, "PassStateExited"),
        (14, 13, "MapIterationSucceeded"),
        (15, 14, "MapStateSucceeded"),
        (16, 14, "MapStateExited"),
        (17, 16, "MapIterationSucceeded"),
        (18, 16, "MapIterationStarted"),
        (19, 18, "MapStateEntered"),
        (20, 19, "MapStateStarted"),
        (21, 20, "MapIterationStarted"),
        (22, 21, "PassStateEntered"),
        (23, 22, "PassStateExited"),
        (24, 23, "MapIterationSucceeded"),
        (25, 24, "MapStateSucceeded"),
        (26, 24, "MapStateExited"),
        (27, 26, "MapIterationSucceeded"),
        (28, 27, "MapStateSucceeded"),
        (29, 27, "MapStateExited"),
        (30, 29, "ExecutionSucceeded"),
    ]
    assert events[2]["mapStateStartedEventDetails"] == {"length": 2}
    assert events[17]["mapIterationStartedEventDetails"] == {"name": "S", "index": 1}


def test_the_events_of_an_item_that_fails(lab: Any) -> None:
    state = {
        "Type": "Map",
        "ItemProcessor": {"StartAt": "F", "States": {"F": FAIL}},
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}],
        "Catch": CAUGHT,
        "End": True,
    }
    _, events = run(lab, {"S": state, "Caught": DONE}, [1])
    assert order(events)[2:-1] == [
        (3, 2, "MapStateStarted"),
        (4, 3, "MapIterationStarted"),
        (5, 4, "FailStateEntered"),
        (6, 5, "MapIterationFailed"),
        (7, 5, "MapStateStarted"),
        (8, 7, "MapIterationStarted"),
        (9, 8, "FailStateEntered"),
        (10, 9, "MapIterationFailed"),
        (11, 9, "MapStateFailed"),
        (12, 11, "MapStateExited"),
        (13, 12, "PassStateEntered"),
        (14, 13, "PassStateExited"),
    ]


def test_the_items_of_a_distributed_map_have_histories_of_their_own(lab: Any) -> None:
    processor = {**ITEM, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    execution, events = run(lab, {"S": {"Type": "Map", "ItemProcessor": processor, "End": True}}, [1, 2])
    assert output(execution) == [1, 2]
    assert order(events)[2:] == [
        (3, 2, "MapStateStarted"),
        (4, 3, "MapRunStarted"),
        (5, 4, "MapRunSucceeded"),
        (6, 5, "MapStateSucceeded"),
        (7, 5, "MapStateExited"),
        (8, 7, "ExecutionSucceeded"),
    ]
    map_run = events[3]["mapRunStartedEventDetails"]["mapRunArn"]
    children = lab.states.list_executions(mapRunArn=map_run)["executions"]
    for child in children:
        history = lab.states.get_execution_history(executionArn=child["executionArn"])["events"]
        assert order(history) == [
            (1, 0, "ExecutionStarted"),
            (2, 0, "PassStateEntered"),
            (3, 2, "PassStateExited"),
            (4, 3, "ExecutionSucceeded"),
        ]
    assert len(children) == 2


def test_a_variable_set_in_a_branch_stays_in_the_branch(lab: Any) -> None:
    branch = {
        "StartAt": "B",
        "States": {
            "B": {"Type": "Pass", "Assign": {"x": "inner"}, "Next": "C"},
            "C": {"Type": "Pass", "Output": "{% $x %}", "End": True},
        },
    }
    states = {
        "A": {"Type": "Pass", "Assign": {"x": "outer"}, "Next": "P"},
        "P": {"Type": "Parallel", "Branches": [branch, branch], "Next": "E"},
        "E": {"Type": "Pass", "Output": "{% [$states.input, $x] %}", "End": True},
    }
    assert output(run(lab, states, QueryLanguage="JSONata")[0]) == ["inner", "inner", "outer"]


def test_a_task_of_a_service_names_its_call_in_the_history(lab: Any) -> None:
    topic = lab.aws.client("sns").create_topic(Name=lab.name())["TopicArn"]
    parameters = {"TopicArn": topic, "Message": "HelloWorld!"}
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": parameters,
        "End": True,
    }
    execution, events = run(lab, {"S": state})
    assert order(events) == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "TaskStateEntered"),
        (3, 2, "TaskScheduled"),
        (4, 3, "TaskStarted"),
        (5, 4, "TaskSucceeded"),
        (6, 5, "TaskStateExited"),
        (7, 6, "ExecutionSucceeded"),
    ]
    service = {"resourceType": "sns", "resource": "publish"}
    scheduled = events[2]["taskScheduledEventDetails"]
    assert json.loads(scheduled.pop("parameters")) == parameters
    assert scheduled == {**service, "region": "us-east-1"}
    assert events[3]["taskStartedEventDetails"] == service
    succeeded = events[4]["taskSucceededEventDetails"]
    answer = json.loads(succeeded.pop("output"))
    assert succeeded == {**service, "outputDetails": {"truncated": False}}
    assert answer == output(execution)
    assert answer.keys() == {"MessageId", "SdkHttpMetadata", "SdkResponseMetadata"}
    assert events[0]["executionStartedEventDetails"]["inputDetails"] == {"truncated": False}


def test_a_task_of_the_sdk_names_the_service_and_fails_with_its_name(lab: Any) -> None:
    resource = "arn:aws:states:::aws-sdk:sagemaker:describeModel"
    state = {
        "Type": "Task",
        "Resource": resource,
        "Parameters": {"ModelName": "none"},
        "TimeoutSeconds": 30,
        "End": True,
    }
    execution, events = run(lab, {"S": state})
    service = {"resourceType": "aws-sdk:sagemaker", "resource": "describeModel"}
    scheduled = events[2]["taskScheduledEventDetails"]
    assert scheduled == {
        **service,
        "region": "us-east-1",
        "parameters": '{"ModelName": "none"}',
        "timeoutInSeconds": 30,
    }
    failed = events[4]["taskFailedEventDetails"]
    assert failed == {**service, "error": execution["error"], "cause": execution["cause"]}
    call = r"\(Service: SageMaker, Status Code: 400, Request ID: [0-9a-f-]{36}\) \(SDK Attempt Count: 1\)"
    assert failed["error"] == "SageMaker.SageMakerException"
    assert re.fullmatch(rf'Could not find model "none"\. {call}', failed["cause"])
    assert order(events)[3:] == [(4, 3, "TaskStarted"), (5, 4, "TaskFailed"), (6, 5, "ExecutionFailed")]


def test_a_task_of_the_sdk_for_s3_has_the_types_of_its_api(lab: Any) -> None:
    s3, bucket = lab.aws.client("s3"), lab.name()
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="in/a.csv", Body=b"1,2\n")

    def answer(operation: str, **parameters: Any) -> Any:
        resource = f"arn:aws:states:::aws-sdk:s3:{operation}"
        state = {
            "Type": "Task",
            "Resource": resource,
            "Parameters": {"Bucket": bucket, **parameters},
            "End": True,
        }
        return output(run(lab, {"S": state})[0])

    listed = answer("listObjectsV2", Prefix="in/")
    assert (listed["KeyCount"], listed["MaxKeys"], listed["IsTruncated"]) == (1, 1000, False)
    assert [(each["Key"], each["Size"]) for each in listed["Contents"]] == [("in/a.csv", 4)]
    assert answer("listObjectsV2", Prefix="none/")["KeyCount"] == 0
    assert answer("listObjectsV2", Delimiter="/")["CommonPrefixes"] == [{"Prefix": "in/"}]
    head = answer("headObject", Key="in/a.csv")
    assert head["ContentLength"] == 4
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", head["LastModified"])
    copied = answer("copyObject", Key="in/b.csv", CopySource=f"{bucket}/in/a.csv")
    assert copied["CopyObjectResult"]["ETag"] == head["ETag"]


def test_fails_past_every_catch_for_an_unsupported_integration(lab: Any) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Catch": CAUGHT,
        "End": True,
    }
    execution, _ = run(lab, {"S": state, "Caught": DONE})
    assert (execution["error"], execution["cause"]) == (
        "States.Runtime",
        "the local AWS does not support the integration arn:aws:states:::glue:startJobRun.sync; try "
        "arn:aws:states:::aws-sdk:SERVICE:OPERATION, or run this state on AWS",
    )


def test_a_callback_is_submitted_and_answered(lab: Any, until: Callable[..., None]) -> None:
    queue = lab.aws.client("sqs").create_queue(QueueName=lab.name())["QueueUrl"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
        "HeartbeatSeconds": 60,
        "End": True,
    }
    arn = lab.execute(lab.machine({"S": state}))
    body = lab.aws.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"][0]["Body"]
    lab.states.send_task_success(taskToken=json.loads(body)["token"], output='{"message": "done"}')
    assert output(lab.execution(arn)) == {"message": "done"}
    events = lab.states.get_execution_history(executionArn=arn)["events"]
    assert order(events)[2:6] == [
        (3, 2, "TaskScheduled"),
        (4, 3, "TaskStarted"),
        (5, 4, "TaskSubmitted"),
        (6, 5, "TaskSucceeded"),
    ]
    assert events[2]["taskScheduledEventDetails"]["heartbeatInSeconds"] == 60
    assert "MessageId" in json.loads(events[4]["taskSubmittedEventDetails"]["output"])
    assert json.loads(events[5]["taskSucceededEventDetails"]["output"]) == {"message": "done"}


@pytest.mark.parametrize("name", ["States.HeartbeatTimeout", "States.Timeout", "States.ALL"])
def test_a_task_without_a_heartbeat_is_timed_out(lab: Any, name: str) -> None:
    queue = lab.aws.client("sqs").create_queue(QueueName=lab.name())["QueueUrl"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"},
        "HeartbeatSeconds": 1,
        "TimeoutSeconds": 600,
        "Catch": [{"ErrorEquals": [name], "Next": "Caught"}],
        "End": True,
    }
    execution, events = run(lab, {"S": state, "Caught": DONE})
    assert output(execution)["Error"] == "States.Timeout"
    assert events[5]["taskTimedOutEventDetails"] == {
        "resourceType": "sqs",
        "resource": "sendMessage.waitForTaskToken",
        "error": "States.Timeout",
    }


def test_a_worker_does_an_activity(lab: Any) -> None:
    activity = lab.states.create_activity(name=lab.name())["activityArn"]
    state = {"Type": "Task", "Resource": activity, "TimeoutSeconds": 60, "End": True}
    arn = lab.execute(lab.machine({"S": state}))
    taken = lab.states.get_activity_task(activityArn=activity)
    lab.states.send_task_success(taskToken=taken["taskToken"], output=taken["input"])
    assert output(lab.execution(arn)) == {}
    events = lab.states.get_execution_history(executionArn=arn)["events"]
    assert [event["type"] for event in events[2:5]] == [
        "ActivityScheduled",
        "ActivityStarted",
        "ActivitySucceeded",
    ]
    assert events[2]["activityScheduledEventDetails"] == {
        "resource": activity,
        "input": "{}",
        "inputDetails": {"truncated": False},
        "timeoutInSeconds": 60,
    }


def test_an_execution_started_by_a_task_is_waited_for(lab: Any) -> None:
    inner = lab.machine({"I": {"Type": "Pass", "Result": {"Arg1": "argument1"}, "End": True}})
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": inner, "Input": {"a": 1}},
        "End": True,
    }
    execution, events = run(lab, {"S": state})
    result = output(execution)
    assert result["Output"] == {"Arg1": "argument1"}
    assert result["Input"] == {"a": 1}
    assert result["Status"] == "SUCCEEDED"
    assert order(events)[2:6] == [
        (3, 2, "TaskScheduled"),
        (4, 3, "TaskStarted"),
        (5, 4, "TaskSubmitted"),
        (6, 5, "TaskSucceeded"),
    ]
    submitted = events[4]["taskSubmittedEventDetails"]
    assert (submitted["resourceType"], submitted["resource"]) == ("states", "startExecution.sync:2")
    assert json.loads(submitted["output"])["ExecutionArn"] == result["ExecutionArn"]
    started = lab.states.get_execution_history(executionArn=result["ExecutionArn"])["events"]
    assert order(started)[:2] == [(1, 0, "ExecutionStarted"), (2, 0, "PassStateEntered")]


def test_fails_as_a_task_when_the_execution_that_it_started_fails(lab: Any) -> None:
    inner = lab.machine({"I": FAIL})
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync",
        "Parameters": {"StateMachineArn": inner},
        "End": True,
    }
    execution, _ = run(lab, {"S": state})
    assert execution["error"] == "States.TaskFailed"
    cause = json.loads(execution["cause"])
    assert (cause["Error"], cause["Cause"], cause["Status"]) == ("FailureType", "Cause description", "FAILED")


def test_a_stopped_execution_stops_the_one_that_it_waits_for(lab: Any, until: Callable[..., None]) -> None:
    inner = lab.machine({"I": {"Type": "Wait", "Seconds": 86_400, "End": True}})
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync",
        "Parameters": {"StateMachineArn": inner},
        "End": True,
    }
    arn = lab.execute(lab.machine({"S": state}))

    def statuses() -> list[str]:
        return [each["status"] for each in lab.states.list_executions(stateMachineArn=inner)["executions"]]

    until(lambda: statuses() == ["RUNNING"])
    lab.states.stop_execution(executionArn=arn)
    until(lambda: statuses() == ["ABORTED"])


@pytest.mark.parametrize(
    ("states", "machine", "status"),
    [
        ({"S": FAIL}, {}, "FAILED"),
        ({"S": {"Type": "Wait", "Seconds": 86_400, "End": True}}, {"TimeoutSeconds": 1}, "TIMED_OUT"),
    ],
)
def test_an_execution_that_did_not_succeed_has_no_output(
    lab: Any, states: dict[str, Any], machine: dict[str, Any], status: str
) -> None:
    execution, events = run(lab, states, **machine)
    assert execution["status"] == status
    assert not {"output", "outputDetails"} & execution.keys()
    assert execution["error"] == ("FailureType" if status == "FAILED" else "States.Timeout")
    if status == "TIMED_OUT":
        assert order(events)[2:] == [(3, 0, "ExecutionTimedOut")]


def test_an_aborted_execution_has_no_output_and_no_further_event(
    lab: Any, until: Callable[..., None]
) -> None:
    states = {"S": {"Type": "Wait", "Seconds": 60, "End": True}}
    arn = lab.execute(lab.machine(states))
    until(lambda: len(lab.states.get_execution_history(executionArn=arn)["events"]) == 2)
    lab.states.stop_execution(executionArn=arn)
    execution = lab.execution(arn)
    assert execution["status"] == "ABORTED"
    assert not {"output", "error", "cause"} & execution.keys()
    other = lab.execution(lab.execute(lab.machine(states)))  # by now, the stopped one would have continued
    assert other["status"] == "SUCCEEDED"
    events = lab.states.get_execution_history(executionArn=arn)["events"]
    assert order(events) == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "WaitStateEntered"),
        (3, 0, "ExecutionAborted"),
    ]


def test_fails_when_an_output_is_too_large(lab: Any) -> None:
    given = {"text": "é" * 43_000}  # 86 kB in UTF-8, and 258 kB with the escapes that this file's JSON has
    twice = {**DONE, "Parameters": {"a.$": "States.Array($.text, $.text)"}}
    assert run(lab, {"S": twice}, given)[0]["status"] == "SUCCEEDED"
    four_times = {**DONE, "Parameters": {"a.$": "States.Array($.text, $.text, $.text, $.text)"}}
    execution, events = run(lab, {"S": four_times}, given)
    assert (execution["error"], execution["cause"]) == (
        "States.DataLimitExceeded",
        "The state/task 'S' returned a result with a size exceeding the maximum number of bytes service limit.",
    )
    assert order(events)[2:] == [(3, 2, "ExecutionFailed")]


def test_start_sync_execution_runs_only_express_workflows(lab: Any) -> None:
    standard = lab.machine({"S": DONE})
    states = lab.aws.session().client(  # `sync-127.0.0.1`, which botocore would call, has no address
        "stepfunctions", endpoint_url=lab.aws.endpoint_url, config=Config(inject_host_prefix=False)
    )
    code, message = lab.refusal(lambda: states.start_sync_execution(stateMachineArn=standard))
    assert (code, message) == (
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
    )
    express = lab.states.create_state_machine(
        name=lab.name(),
        type="EXPRESS",
        definition=json.dumps({"StartAt": "S", "States": {"S": FAIL}}),
        roleArn="arn:aws:iam::000000000000:role/states",
    )["stateMachineArn"]
    answer = states.start_sync_execution(stateMachineArn=express)
    assert (answer["status"], answer["error"]) == ("FAILED", "FailureType")
    assert "output" not in answer
