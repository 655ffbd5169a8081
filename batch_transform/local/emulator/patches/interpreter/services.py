"""The results of integrations, and executions that a task starts.

An optimized integration, `arn:aws:states:::service:operation`, adds the metadata of the call to its result
(`test_publish_base`, `test_dynamodb_put_get_item`); an `aws-sdk` integration doesn't (`test_list_secrets`). The cause
of a failure names the call, in a different form for each of the two
(`test_sfn_send_task_outcome_with_no_such_token`).
"""

from __future__ import annotations

import functools
import json
import re
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter.place import end_aborted
from batch_transform.local.emulator.patches.interpreter.retry import TIMEOUT
from batch_transform.local.emulator.patches.interpreter.task import LOOK_SECONDS, current_call

_STATES = "arn:aws:states:::"
_OF_ANY_PARTITION = re.compile(r"^arn:aws[a-z-]*:states:::")
_SDK = f"{_STATES}aws-sdk:"
_S3 = f"{_SDK}s3:"
_LAMBDA = f"{_STATES}lambda:invoke"
_START = f"{_STATES}states:startExecution"
_UNKNOWN = "is not yet implemented in MiniStack"


def plug_in() -> None:
    """Replace the results of integrations, and how a task waits for an execution."""
    invoke = stepfunctions._invoke_resource

    def invoke_as_aws(resource: str, arguments: Any) -> object:  # noqa: ANN401  # a task's arguments
        resource = _OF_ANY_PARTITION.sub(_STATES, resource)
        if ":" not in resource:  # the emulator would return the arguments
            raise stepfunctions._ExecutionError(
                "States.Runtime", f"{resource} is not a resource; give an ARN"
            )
        try:
            answer = (_started if resource.startswith(_START) else invoke)(resource, arguments)
        except stepfunctions._ExecutionError as error:
            raise _with_call(resource, _unsupported(resource, error)) from error
        is_optimized = resource.startswith(_STATES) and not resource.startswith(_SDK)
        if resource.startswith(_S3) and isinstance(answer, dict):
            return _typed(resource.removeprefix(_S3), answer)
        if not is_optimized or ".sync" in resource or not isinstance(answer, dict):
            return answer
        version = {"ExecutedVersion": "$LATEST"} if resource.startswith(_LAMBDA) else {}
        return {**version, **sdk_metadata(), **answer}

    stepfunctions._invoke_resource = invoke_as_aws


def _started(resource: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Start an execution, and with `.sync` wait for it."""
    try:
        started: dict[str, Any] = stepfunctions._invoke_nested_start_execution(resource, arguments)
    except stepfunctions._ExecutionError as error:
        cause = (
            f"{error.cause} (Service: AWSStepFunctions; Status Code: 400; Error Code: {error.error}; "
            f"Request ID: {uuid.uuid4()}; Proxy: null)"
        )
        raise stepfunctions._ExecutionError(f"StepFunctions.{error.error}Exception", cause) from error
    return _run_nested(resource, started) if resource.startswith(f"{_START}.sync") else started


def _unsupported(resource: str, error: Exception) -> Exception:
    """Replace the emulator's error for an integration that it lacks: say what the user can do."""
    if _UNKNOWN not in str(error):
        return error
    other = "" if resource.startswith(_SDK) else f"try {_SDK}SERVICE:OPERATION, or "
    found: Exception = stepfunctions._ExecutionError(
        "States.Runtime",
        f"the local AWS does not support the integration {resource}; {other}run this state on AWS",
    )
    return found


@functools.cache
def _s3_output(operation: str) -> Any:  # noqa: ANN401  # botocore's shape has no types
    import botocore.session  # noqa: PLC0415  # S3's model takes 0.1 s to load, and few state machines need it

    model = botocore.session.get_session().get_service_model("s3")
    return model.operation_model(f"{operation[0].upper()}{operation[1:]}").output_shape


def _typed(operation: str, answer: dict[str, Any]) -> Any:  # noqa: ANN401  # any JSON value
    """Give a result of S3 the structure and the types of its API: the emulator leaves the text of the XML."""
    shape = _s3_output(operation)
    if shape is None:
        return answer
    payload = shape.serialization.get("payload")
    if payload in shape.members and payload not in answer:  # CopyObject
        outer = {name: value for name, value in answer.items() if name in shape.members}
        answer = {payload: {name: value for name, value in answer.items() if name not in outer}, **outer}
    return _of_shape(shape, answer)


def _of_shape(shape: Any, value: Any) -> Any:  # noqa: ANN401  # botocore's shape has no types, and any JSON value
    kind = shape.type_name
    if kind == "structure":
        members = shape.members
        if not isinstance(value, dict):  # CommonPrefixes: the emulator drops the only member
            return dict.fromkeys(members, value) if len(members) == 1 else value
        return {
            name: _of_shape(members[name], each) if name in members else each for name, each in value.items()
        }
    if kind == "list":
        return [_of_shape(shape.member, each) for each in value]
    if kind in ("integer", "long"):
        return int(value)
    if kind == "timestamp" and value.endswith("GMT"):
        return parsedate_to_datetime(value).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def _with_call(resource: str, error: Any) -> Exception:  # noqa: ANN401  # the emulator's error has no type
    """Add the call to the cause of an SDK integration's error, if its protocol is JSON: then its status is known."""
    name = resource.removeprefix(_SDK).partition(":")[0].lower()
    is_json = stepfunctions._AWS_SDK_SERVICE_MAP.get(name, {}).get("protocol") == "json"
    if not resource.startswith(_SDK) or not is_json or error.error.startswith("States."):
        found: Exception = error
    else:
        service = error.error.partition(".")[0]
        call = f"(Service: {service}, Status Code: 400, Request ID: {uuid.uuid4()}) (SDK Attempt Count: 1)"
        found = stepfunctions._ExecutionError(error.error, f"{error.cause} {call}")
    return found


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


def sdk_metadata() -> dict[str, Any]:
    """Return the metadata that Step Functions adds to the result of a call."""
    return {
        "SdkHttpMetadata": {"AllHttpHeaders": {}, "HttpHeaders": {}, "HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": str(uuid.uuid4())},
    }


def _run_nested(resource: str, started: dict[str, Any]) -> dict[str, Any]:
    """Wait for an execution (`.sync`, `.sync:2`), and stop it if the task ends first."""
    call, arn = current_call(), started["ExecutionArn"]
    call.submitted({**started, **sdk_metadata()})
    execution = stepfunctions._executions.get(arn)
    deadline = time.monotonic() + call.timeout
    while execution["status"] == "RUNNING":
        if call.is_over:
            stepfunctions._stop_execution({"executionArn": arn})
            end_aborted()
        if time.monotonic() >= deadline:
            stepfunctions._stop_execution({"executionArn": arn})
            raise stepfunctions._ExecutionError(TIMEOUT, "")
        time.sleep(LOOK_SECONDS)
    description = _description(execution, is_parsed=resource.endswith(":2"))
    if execution["status"] != "SUCCEEDED":
        raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(description))
    return description


def _description(execution: Mapping[str, Any], *, is_parsed: bool) -> dict[str, Any]:
    """Describe an execution as the result of its task. With `.sync:2`, input and output are JSON."""
    read = json.loads if is_parsed else str
    fields = {
        "Cause": execution.get("cause"),
        "Error": execution.get("error"),
        "ExecutionArn": execution["executionArn"],
        "Input": read(execution["input"]),
        "InputDetails": {"Included": True},
        "Name": execution["name"],
        "StartDate": _milliseconds(execution["startDate"]),
        "StateMachineArn": execution["stateMachineArn"],
        "Status": execution["status"],
        "StopDate": _milliseconds(execution["stopDate"]),
    }
    if execution["status"] == "SUCCEEDED":
        fields |= {"Output": read(execution["output"]), "OutputDetails": {"Included": True}}
    return {name: value for name, value in fields.items() if value is not None}
