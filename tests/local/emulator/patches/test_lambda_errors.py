"""A function's error has the name that AWS gives it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from batch_transform.local.emulator.patches.lambda_errors import payload

CODE = """
class RunInputError(Exception):
    pass

class Outer:
    class Inner(ValueError):
        pass

def handler(event, context):
    if event.get("nested"):
        raise Outer.Inner("two\\nlines: of text")
    try:
        int(event["number"])
    except ValueError as error:
        raise RunInputError("no number") from error
    return {"number": int(event["number"])}
"""


def function(lab: Any) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", CODE)
    name: str = lab.name()
    lab.aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/function",
        Handler="index.handler",
        Timeout=30,
        Code={"ZipFile": archive.getvalue()},
    )
    return name


def test_an_invocation_fails_with_the_class_of_the_exception(lab: Any) -> None:
    client, name = lab.aws.client("lambda"), function(lab)
    answer = client.invoke(FunctionName=name, Payload=b'{"number": "x"}')
    returned = json.loads(answer["Payload"].read())
    assert answer["FunctionError"] == "Unhandled"
    assert (returned["errorType"], returned["errorMessage"]) == ("RunInputError", "no number")
    assert returned.keys() == {"errorMessage", "errorType", "requestId", "stackTrace"}
    assert 'raise RunInputError("no number") from error' in returned["stackTrace"][-1]
    nested = json.loads(client.invoke(FunctionName=name, Payload=b'{"nested": true}')["Payload"].read())
    assert (nested["errorType"], nested["errorMessage"]) == ("Inner", "two\nlines: of text")


@pytest.mark.parametrize("resource", ["arn:aws:states:::lambda:invoke", "the function"])
def test_a_state_machine_catches_it_by_name(lab: Any, resource: str) -> None:
    name = function(lab)
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    given = {"number": "x"}
    task = {
        "Type": "Task",
        "Resource": resource if ":" in resource else arn,
        "Parameters": {"FunctionName": name, "Payload": given} if ":" in resource else given,
        "Retry": [{"ErrorEquals": ["RunInputError"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["RunInputError"], "Next": "Caught"}],
        "End": True,
    }
    arn = lab.execute(lab.machine({"Task": task, "Caught": {"Type": "Pass", "End": True}}))
    output = json.loads(lab.execution(arn)["output"])
    assert output["Error"] == "RunInputError"
    assert json.loads(output["Cause"])["errorMessage"] == "no number"
    events = [event["type"] for event in lab.states.get_execution_history(executionArn=arn)["events"]]
    kind = "Task" if ":" in resource else "LambdaFunction"
    attempt = [f"{kind}Scheduled", f"{kind}Started", f"{kind}Failed"]
    assert events[2:8] == [*attempt, *attempt]


def test_a_log_without_a_traceback_names_no_error() -> None:
    assert payload("message", "Error: message\n    at handler (index.js:1)", "id") is None
    assert payload("message", "", "id") is None
    printed = (
        'Traceback (most recent call last):\n  File "a.py", line 1, in b\nKeyError: 1\nWorker process died'
    )
    assert payload("Worker process died", printed, "id") is None
