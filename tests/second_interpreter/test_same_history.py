"""Small state machines in both interpreters: the same result, and the same order of events.

moto's is LocalStack's, whose histories were compared with recorded ones of AWS.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_transform.local.up import LocalAws

PYTHON = Path(__file__).parents[2] / "build/moto/bin/python"
SCRIPT = Path(__file__).with_name("run_in_moto.py")
pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="needs moto in an environment of its own: tests/local/clients/install moto"
)

DONE = {"Type": "Pass", "End": True}
FAIL = {"Type": "Fail", "Error": "Mine", "Cause": "because"}
CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Done"}]
ITEMS = {"a": [1, {"x": None}, "t"], "n": 2, "text": "march"}


def branch(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def over(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "Type": "Map",
        "ItemsPath": "$.a",
        "MaxConcurrency": 1,
        "ItemProcessor": processor,
        "End": True,
        **fields,
    }


MACHINES: dict[str, dict[str, Any]] = {
    "a pass": branch(A={"Type": "Pass", "Result": 1, "ResultPath": "$.b.c", "Next": "B"}, B=DONE),
    "templates": branch(
        A={
            **DONE,
            "InputPath": "$.a[1]",
            "Parameters": {"all.$": "$", "deep": [{"name.$": "$$.State.Name"}], "x.$": "$.x"},
            "OutputPath": "$.deep[0]",
        }
    ),
    "functions": branch(
        A={
            **DONE,
            "Parameters": {
                "format.$": "States.Format('{} is {}', $.text, $.n)",
                "array.$": "States.Array($.n, 'a', true)",
                "length.$": "States.ArrayLength($.a)",
                "item.$": "States.ArrayGetItem($.a, 2)",
                "range.$": "States.ArrayRange(1, 9, 2)",
                "json.$": "States.StringToJson('{\"a\": [1]}')",
                "sum.$": "States.MathAdd($.n, -5)",
                "split.$": "States.StringSplit('a,b', ',')",
            },
        }
    ),
    "a choice": branch(
        C={
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        {"Variable": "$.none", "IsPresent": True},
                        {"Variable": "$.none", "IsNull": True},
                    ],
                    "Next": "No",
                },
                {"Variable": "$.text", "StringMatches": "m*h", "Next": "Yes"},
            ],
            "Default": "No",
        },
        Yes={"Type": "Succeed"},
        No=FAIL,
    ),
    "a fail": branch(F=FAIL),
    "an empty fail": branch(F={"Type": "Fail"}),
    "a parallel": branch(P={"Type": "Parallel", "Branches": [branch(A=DONE)], "Next": "Z"}, Z=DONE),
    "a parallel that fails": branch(
        P={"Type": "Parallel", "Branches": [branch(F=FAIL)], "Catch": CATCH, "End": True}, Done=DONE
    ),
    "a parallel that is retried": branch(
        P={
            "Type": "Parallel",
            "Branches": [branch(A={"Type": "Pass", "Next": "F"}, F=FAIL)],
            "Retry": [{"ErrorEquals": ["Mine"], "IntervalSeconds": 1, "MaxAttempts": 2}],
            "End": True,
        }
    ),
    "a map": branch(M=over(branch(A={"Type": "Pass", "Next": "B"}, B=DONE), ResultPath="$.r")),
    "a map with a selector": branch(
        M=over(
            branch(A=DONE),
            ItemSelector={"n.$": "$.n", "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"},
        )
    ),
    "a map of nothing": branch(
        E={"Type": "Pass", "Parameters": {"a": []}, "Next": "M"}, M=over(branch(A=DONE))
    ),
    "a map that fails": branch(M=over(branch(F=FAIL), Catch=CATCH), Done=DONE),
    "a map in a parallel": branch(
        P={"Type": "Parallel", "Branches": [branch(M=over(branch(A=DONE)))], "End": True}
    ),
    "no input path": branch(A={**DONE, "InputPath": "$.none"}),
    "no parameter": branch(A={**DONE, "Parameters": {"x.$": "$.none"}}),
    "a wait": branch(W={"Type": "Wait", "SecondsPath": "$.n", "End": True}),
    "a wait for nothing": branch(W={"Type": "Wait", "SecondsPath": "$.none", "End": True}),
}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(wait_scale=0.002) as running:
        yield running


@pytest.fixture(scope="module")
def in_moto(aws: LocalAws) -> Iterator[Callable[[str, str], dict[str, Any]]]:
    process = subprocess.Popen(
        [str(PYTHON), str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def run(definition: str, name: str) -> dict[str, Any]:
        asked = {
            "definition": definition,
            "machine": f"arn:aws:states:us-east-1:000000000000:stateMachine:{name}",
            "name": name,
            "run_input": ITEMS,
            "endpoint_url": aws.endpoint_url,
            "region": "us-east-1",
            "wait_scale": 0.002,
            "loses_sight": False,
        }
        stdin.write(f"{json.dumps(asked)}\n")
        stdin.flush()
        answered: dict[str, Any] = json.loads(stdout.readline())
        return answered

    yield run
    process.communicate()


def in_local_aws(aws: LocalAws, definition: str, name: str) -> dict[str, Any]:
    states = aws.client("stepfunctions")
    role = "arn:aws:iam::000000000000:role/states"
    machine = states.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps(ITEMS))["executionArn"]
    while (execution := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        pass
    events = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    return {
        "status": execution["status"],
        "output": json.loads(execution["output"]) if "output" in execution else None,
        "error": execution.get("error"),
        "cause": execution.get("cause"),
        "events": [[event["id"], event["previousEventId"], event["type"]] for event in events],
    }


@pytest.mark.parametrize("name", MACHINES)
def test_both_interpreters_leave_the_same_history(
    aws: LocalAws, in_moto: Callable[[str, str], dict[str, Any]], name: str
) -> None:
    definition, machine = json.dumps(MACHINES[name]), name.replace(" ", "-")
    here, there = in_local_aws(aws, definition, machine), in_moto(definition, machine)
    assert here["status"] == there["status"]
    assert here["output"] == there.get("output")
    assert here["error"] == (there.get("error") or None)
    assert here["events"] == there["events"]
