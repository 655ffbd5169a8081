"""What DescribeExecution and StartSyncExecution say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import error_response_json  # type: ignore[import-untyped]  # it has no types
from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.service import HttpAnswer


def plug_in() -> None:
    """Replace the two answers, and how an execution fails."""
    describe, start_sync = stepfunctions._describe_execution, stepfunctions._start_sync_execution
    fail_execution = stepfunctions._fail_execution

    def describe_as_aws(data: Mapping[str, Any]) -> HttpAnswer:
        return _with_redrive(_without_what_is_not_there(describe(data)))

    def start_sync_of_express(data: Mapping[str, Any]) -> HttpAnswer:
        machine = stepfunctions._state_machines.get(data.get("stateMachineArn", "").partition("#")[0])
        if machine is not None and machine["type"] != "EXPRESS":
            refused: HttpAnswer = error_response_json(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
                400,
            )
            return refused
        return _without_what_is_not_there(start_sync(data))

    def fail_without_output(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] != "RUNNING":  # an aborted execution stays aborted
            return
        fail_execution(execution, error, cause)
        execution["output"] = None

    stepfunctions._describe_execution = describe_as_aws
    stepfunctions._start_sync_execution = start_sync_of_express
    stepfunctions._fail_execution = fail_without_output


def _without_what_is_not_there(answer: HttpAnswer) -> HttpAnswer:
    """Only an execution that has succeeded has an output; one that runs has no stop date."""
    status, headers, body = answer
    if status != 200:
        return answer
    execution = json.loads(body)
    if execution["status"] != "SUCCEEDED":
        execution.pop("output", None)
        execution.pop("outputDetails", None)
    kept = {name: value for name, value in execution.items() if value not in (None, "")}
    return status, headers, json.dumps(kept).encode()


def _with_redrive(answer: HttpAnswer) -> HttpAnswer:
    """Add whether the execution could be redriven on AWS (`test_describe_execution`, `test_state_fail`)."""
    status, headers, body = answer
    if status != 200:
        return answer
    execution = json.loads(body)
    ended = execution["status"]
    execution["redriveCount"] = 0
    if ended in ("FAILED", "TIMED_OUT", "ABORTED"):
        execution["redriveStatus"] = "REDRIVABLE"
    else:
        execution["redriveStatus"] = "NOT_REDRIVABLE"
        execution["redriveStatusReason"] = f"Execution is {ended} and cannot be redriven"
    return status, headers, json.dumps(execution).encode()
