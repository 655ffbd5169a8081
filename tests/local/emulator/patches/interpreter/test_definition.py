"""Definitions that CreateStateMachine, UpdateStateMachine and CloudFormation refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batch_transform.local.emulator.patches.interpreter.definition import problems

SCHEMA = "SCHEMA_VALIDATION_FAILED"
DONE = {"Type": "Pass", "End": True}
ITEMS = {"StartAt": "Item", "States": {"Item": DONE}}
ROLE = "arn:aws:iam::000000000000:role/states"


def one(state: dict[str, Any], **machine: Any) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": state}, **machine}


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **fields}


def distributed(**fields: Any) -> dict[str, Any]:
    processor = {**ITEMS, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


INVOKE = "arn:aws:states:::lambda:invoke"
REFUSED_BY_AWS: dict[str, tuple[Any, list[str]]] = {
    "no states": ({"StartAt": "S"}, [f"{SCHEMA}: These fields are required: [States] at /"]),
    "another type": (
        one({"Type": "Passs", "End": True}),
        [
            f"{SCHEMA}: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, "
            "Parallel, Map] at /States/S/Type"
        ],
    ),
    "parameters that the API does not have": (
        one(
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
                "Parameters": {
                    "TransformJobName.$": "$.name",
                    "Environment": {"any": "name"},
                    "Tags": [{"key": "cart", "value.$": "$.cart"}],
                },
                "End": True,
            }
        ),
        [f'{SCHEMA}: The field "key" is not supported by Step Functions at /States/S/Parameters'],
    ),
    "a function that there is not": (
        one({**DONE, "Parameters": {"x.$": "States.Format('States.No {}', States.Upper($.x))"}}),
        [
            f"{SCHEMA}: The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call at "
            "/States/S/Parameters"
        ],
    ),
    "a StartAt that is not there": (
        {"StartAt": "X", "States": {"S": DONE}},
        [
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /StartAt",
            'MISSING_TRANSITION_TARGET: State "S" is not reachable. at /States/S',
        ],
    ),
    "a Next that is not there": (
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "X"}, "B": DONE}},
        [
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Next",
            'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B',
        ],
    ),
    "a Next of a branch to a state outside of it": (
        {
            "StartAt": "P",
            "States": {
                "P": {
                    "Type": "Parallel",
                    "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Z"}}}],
                    "Next": "Z",
                },
                "Z": DONE,
            },
        },
        [
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/P/Branches[0]/States/A/Next",
            "MISSING_END_STATE: Workflow has no terminal state at null",
        ],
    ),
    "no end": (
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}},
        ["MISSING_END_STATE: Workflow has no terminal state at null"],
    ),
    "no end, and a state that nothing leads to": (
        {
            "StartAt": "A",
            "States": {"A": {"Type": "Pass", "Next": "A"}, "B": {"Type": "Pass", "Next": "A"}},
        },
        ["MISSING_END_STATE: Workflow has no terminal state at null"],
    ),
    "a Next that is not there, and no end": (
        one({"Type": "Pass", "Next": "NOPE"}),
        [
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at /States/S/Next",
            "MISSING_END_STATE: Workflow has no terminal state at null",
        ],
    ),
    "an unreachable end beside a loop": (
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}, "C": DONE}},
        ['MISSING_TRANSITION_TARGET: State "C" is not reachable. at /States/C'],
    ),
    "a timeout of a Map": (
        one({"Type": "Map", "ItemProcessor": ITEMS, "TimeoutSeconds": 3, "End": True}),
        [f"{SCHEMA}: Field 'TimeoutSeconds' is not supported at /States/S"],
    ),
    "a Catch of a Pass": (
        one({**DONE, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "S"}]}),
        [f"{SCHEMA}: Field 'Catch' is not supported at /States/S"],
    ),
    "an unknown field": (
        one({**DONE, "Parametres": {}}),
        [f"{SCHEMA}: Field 'Parametres' is not supported at /States/S"],
    ),
    "an unknown field of the machine": (
        one(DONE, Timeout=3),
        [f"{SCHEMA}: Field 'Timeout' is not supported at /"],
    ),
    "a field of JSONata": (
        one({**DONE, "Output": {}}),
        [
            f"{SCHEMA}: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the "
            "'JSONata' QueryLanguage at /States/S"
        ],
    ),
    "a state in JSONPath in a machine in JSONata": (
        one({**DONE, "QueryLanguage": "JSONPath"}, QueryLanguage="JSONata"),
        [
            f"{SCHEMA}: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/S"
        ],
    ),
    "a value that is not a path": (
        one({**DONE, "Parameters": {"a": [{"x.$": "nothing"}]}}),
        [
            f"{SCHEMA}: The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call at "
            "/States/S/Parameters"
        ],
    ),
    "a ResultPath to several places": (
        one({**DONE, "ResultPath": "$.a[*]"}),
        [f"{SCHEMA}: Value is not a Reference Path at /States/S/ResultPath"],
    ),
    "no branches": (
        one({"Type": "Parallel", "Branches": [], "End": True}),
        [f"{SCHEMA}: Value cannot be empty at /States/S/Branches"],
    ),
    "a moment in another form": (
        one({"Type": "Wait", "Timestamp": "2026-03-01 12:00", "End": True}),
        [f"{SCHEMA}: String does not match RFC3339 timestamp at /States/S/Timestamp"],
    ),
    **{
        f"the resource {resource}": (
            one(task(resource)),
            [
                f"{SCHEMA}: The resource provided {resource} is not recognized. The value is not a valid resource "
                "ARN, or the resource is not available in this region. at /States/S/Resource"
            ],
        )
        for resource in (
            "a-function",
            "arn:aws:states:::dynamodb:query",
            "arn:aws:states:::sagemaker:createModel.sync",
            "arn:aws:states:::sagemaker:createEndpoint.sync",
            "arn:aws:states:::sagemaker:createTransformJob.waitForTaskToken",
            "arn:aws:states:::sagemaker:describeTransformJob",
            "arn:aws:states:::lambda:invoke.sync",
        )
    },
}
EXPRESSIONS: dict[str, tuple[dict[str, Any], str]] = {
    **{
        f"the expression {text}": (
            {**DONE, "Output": f"{{% {text} %}}"},
            f"INVALID_JSONATA_EXPRESSION: {said} at /States/S/Output",
        )
        for text, said in {
            "a[1,2)": 'Expected "]", got ","',
            '"unterminated': "String literal must be terminated by a matching quote",
            "1 +": "Unexpected end of expression",
            '{"a":}': 'The symbol "}" cannot be used as a unary operator',
            "$x :=": "Unexpected end of expression",
            '$match("a", /abc': "No terminating / in regular expression",
        }.items()
    },
    "a member of nothing": (
        {**DONE, "Output": {"v": ["{% $string(phone.home) %}"]}},
        "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at "
        "/States/S/Output/v[0]",
    ),
    "an error where none was caught": (
        task(INVOKE, Arguments={"Payload": "{% $states.errorOutput.Error %}"}),
        "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist. at "
        "/States/S/Arguments/Payload",
    ),
    "a result before there is one": (
        task(INVOKE, Arguments="{% $states.result %}"),
        "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/S/Arguments",
    ),
    "a result of a state that failed": (
        task(INVOKE, Catch=[{"ErrorEquals": ["States.ALL"], "Output": "{% $states.result %}", "Next": "S"}]),
        "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/S/Catch[0]/Output",
    ),
}
NOT_HERE: dict[str, tuple[Any, str]] = {
    "ItemBatcher": (distributed(ItemBatcher={"MaxItemsPerBatch": 2}), "ItemBatcher at /States/S/ItemBatcher"),
    "ResultWriter": (
        distributed(ResultWriter={"Resource": "arn:aws:states:::s3:putObject"}),
        "ResultWriter at /States/S/ResultWriter",
    ),
    "a manifest": (
        distributed(
            ItemReader={
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "MANIFEST"},
                "Parameters": {"Bucket": "b", "Key": "k"},
            }
        ),
        "an ItemReader of the type MANIFEST at /States/S/ItemReader/ReaderConfig/InputType",
    ),
    "a count of failures from a path": (
        distributed(ToleratedFailureCountPath="$.n"),
        "ToleratedFailureCountPath in a distributed Map at /States/S/ToleratedFailureCountPath",
    ),
    "a variable of JSONPath": (
        {**DONE, "Assign": {"x": 1}},
        "Assign in JSONPath states; variables need QueryLanguage JSONata at /States/S/Assign",
    ),
    "another account's role": (
        task(INVOKE, Credentials={"RoleArn": ROLE}),
        "Credentials: each task acts with the role of its state machine at /States/S/Credentials",
    ),
}
TAKEN: dict[str, Any] = {
    "a Choice": {
        "StartAt": "C",
        "States": {
            "C": {
                "Type": "Choice",
                "Choices": [{"Not": {"Variable": "$.a", "IsPresent": True}, "Next": "D"}],
                "Default": "D",
            },
            "D": DONE,
        },
    },
    "an integration that the emulator has not": one(task("arn:aws:states:::glue:startJobRun.sync")),
    "another partition": one(task("arn:aws-us-gov:states:::sns:publish")),
    "a function": one(task("arn:aws:lambda:us-east-1:000000000000:function:f")),
    "a callback": one(task("arn:aws:states:::sqs:sendMessage.waitForTaskToken", HeartbeatSecondsPath="$.h")),
    "JSONata": one({"Type": "Pass", "Output": "{% $states.input %}", "Assign": {"x": 1}, "End": True})
    | {"QueryLanguage": "JSONata"},
    "what an expression may read": one(
        task(
            INVOKE,
            Arguments="{% $merge([$x[y = 1].z, $map($l, function($v) { $v.a }), {'b': $states.context.State}]) %}",
            Assign={"x": "{% ($a := $states.result; $a.b.(c + d)) %}"},
            Catch=[
                {"ErrorEquals": ["States.ALL"], "Assign": {"e": "{% $states.errorOutput %}"}, "Next": "S"}
            ],
        ),
        QueryLanguage="JSONata",
    ),
    "text that is no expression": one({**DONE, "Output": "{% open", "Comment": "{% phone %}"})
    | {"QueryLanguage": "JSONata"},
    "a distributed Map": one(distributed(ToleratedFailureCount=1, MaxConcurrency=2, Label="L")),
    "the context object": one({**DONE, "InputPath": "$$", "Parameters": {"x.$": "$$.Execution.Id"}}),
}


@pytest.mark.parametrize("name", REFUSED_BY_AWS)
def test_fails_with_awss_text_for(name: str) -> None:
    definition, texts = REFUSED_BY_AWS[name]
    assert [str(problem) for problem in problems(json.dumps(definition))] == texts


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_fails_with_awss_text_for_an_expression(name: str) -> None:
    state, text = EXPRESSIONS[name]
    assert [str(problem) for problem in problems(json.dumps(one(state, QueryLanguage="JSONata")))] == [text]


@pytest.mark.parametrize("name", NOT_HERE)
def test_fails_for_what_the_local_aws_does_not_have(name: str) -> None:
    state, text = NOT_HERE[name]
    assert [str(problem) for problem in problems(json.dumps(one(state)))] == [
        f"NOT_IN_THE_LOCAL_AWS: the local AWS does not support {text}"
    ]


@pytest.mark.parametrize("name", TAKEN)
def test_accepts_a_valid_definition(name: str) -> None:
    assert problems(json.dumps(TAKEN[name])) == []


@pytest.mark.parametrize(
    ("resource", "text"),
    [
        (
            "arn:aws:states:::states:startExecution.sync",
            "Express state machine does not support '.sync' service integration",
        ),
        (
            "arn:aws:states:us-east-1:000000000000:activity:a",
            "Express state machine does not support Activity ARN",
        ),
    ],
)
def test_fails_for_features_that_express_workflows_do_not_support(resource: str, text: str) -> None:
    found = problems(json.dumps(one(task(resource))), "EXPRESS")
    assert [problem.message for problem in found] == [text]


def test_create_update_and_validate_refuse_the_same(lab: Any) -> None:
    wrong = json.dumps(one({"Type": "Pass", "Next": "X"}))
    text = "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/S/Next"
    machine = lab.machine({"S": DONE})
    for call in (
        lambda: lab.states.create_state_machine(name=lab.name(), definition=wrong, roleArn=ROLE),
        lambda: lab.states.update_state_machine(stateMachineArn=machine, definition=wrong),
    ):
        code, message = lab.refusal(call)
        assert code == "InvalidDefinition"
        assert message.startswith(f"Invalid State Machine Definition: '{text}")
    validated = lab.states.validate_state_machine_definition(definition=wrong)
    assert validated["result"] == "FAIL"
    assert validated["diagnostics"][0] == {
        "severity": "ERROR",
        "code": "MISSING_TRANSITION_TARGET",
        "message": "Missing 'Next' target: X",
        "location": "/States/S/Next",
    }
    assert lab.states.validate_state_machine_definition(definition=json.dumps(one(DONE)))["result"] == "OK"
    assert json.loads(lab.states.describe_state_machine(stateMachineArn=machine)["definition"]) == one(DONE)


def test_a_diagnostic_of_the_whole_machine_has_no_location(lab: Any) -> None:
    validated = lab.states.validate_state_machine_definition(
        definition=json.dumps(one({"Type": "Pass", "Next": "S"}))
    )
    assert validated["diagnostics"] == [
        {"severity": "ERROR", "code": "MISSING_END_STATE", "message": "Workflow has no terminal state"}
    ]


def test_no_more_diagnostics_than_asked_for(lab: Any) -> None:
    wrong = json.dumps(one({**DONE, "A": 1, "B": 2, "C": 3}))
    first = lab.states.validate_state_machine_definition(definition=wrong, maxResults=2, severity="WARNING")
    every = lab.states.validate_state_machine_definition(definition=wrong, maxResults=0)
    assert [len(first["diagnostics"]), first["truncated"]] == [2, True]
    assert [len(every["diagnostics"]), every["truncated"]] == [3, False]


def test_fails_for_a_request_that_the_api_does_not_have(lab: Any) -> None:
    definition = json.dumps(one(DONE))
    for wrong in ({"type": "STANDARDS"}, {"severity": "INFO"}):
        code, _text = lab.refusal(
            lambda wrong=wrong: lab.states.validate_state_machine_definition(definition=definition, **wrong)
        )
        assert code == "ValidationException"


def test_cloudformation_says_why_a_definition_is_refused(lab: Any, until: Any) -> None:
    stacks = lab.aws.client("cloudformation")
    properties = {"RoleArn": ROLE, "DefinitionString": json.dumps(one({**DONE, "Netx": "S"}))}
    template = {"Resources": {"M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}}
    name = lab.name()
    stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))
    until(lambda: "PROGRESS" not in stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    events = stacks.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any("Field 'Netx' is not supported at /States/S" in reason for reason in reasons)
