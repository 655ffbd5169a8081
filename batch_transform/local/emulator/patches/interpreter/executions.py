"""Runs executions, and completes the operations on them."""

from __future__ import annotations

import contextvars
import functools
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import json_response, now_iso  # type: ignore[import-untyped]  # it has no types
from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator import operations
from batch_transform.local.emulator.operations import HttpAnswer, Request, Serve
from batch_transform.local.emulator.patches.interpreter.branches import run_states
from batch_transform.local.emulator.patches.interpreter.history import (
    Execution,
    add_event,
    complete_first_event,
)
from batch_transform.local.emulator.patches.interpreter.place import RUNTIME, Place, place

_START_SECONDS = 0.15
"""StartExecution returns before the first state is entered, as on AWS."""

logger = logging.getLogger(__name__)


def plug_in() -> None:
    """Run executions with this interpreter, and complete the answers."""
    stepfunctions._run_execution = run
    stepfunctions._start_execution = functools.partial(_start_once, stepfunctions._start_execution)
    stepfunctions._add_event = add_event
    operations.answer(
        "states",
        {
            "DescribeExecution": _describe,
            "GetExecutionHistory": _get_history,
            "StartSyncExecution": _start_sync,
        },
    )


def _start_once(start: Callable[[Request], HttpAnswer], request: Request) -> HttpAnswer:
    """Start an execution, unless one with its name exists.

    StartExecution is idempotent for a standard workflow: with the name and input of a running execution, it returns
    that one (API reference).
    """
    machine_arn = stepfunctions._resolve_state_machine_arn(
        request.get("stateMachineArn", "").partition("#")[0]
    )
    machine, name = stepfunctions._state_machines.get(machine_arn), request.get("name")
    if machine is None or not name or machine["type"] == "EXPRESS":
        return start(request)
    arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
    existing = stepfunctions._executions.get(arn)
    if existing is None:
        return start(request)
    if existing["status"] == "RUNNING" and existing["input"] == request.get("input", "{}"):
        answer = {"executionArn": arn, "startDate": existing["startDate"]}
        return json_response(answer)  # type: ignore[no-any-return]  # the emulator's
    # The text is from a public report (CloudSnorkel/cdk-github-runners issue 472).
    return operations.refusal("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")


def run(execution_arn: str) -> None:
    """Run an execution to its end, in this thread."""
    execution = stepfunctions._executions.get(execution_arn)
    if not execution:
        return
    time.sleep(_START_SECONDS)
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"])
    definition = json.loads(machine["definition"]) if machine else {}
    timer = _timer(execution, definition.get("TimeoutSeconds"))
    here = Place(execution)
    token = place.set(here)
    try:
        if machine is None:
            _fail(execution, "StateMachineDeleted", "State machine no longer exists")
        else:
            _run(execution, machine["name"], definition, here)
    finally:
        timer.cancel()
        place.reset(token)


def _run(execution: Execution, machine_name: str, definition: dict[str, Any], here: Place) -> None:
    try:
        given = json.loads(execution["input"])
        ctx = {
            "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
            "Execution": {
                "Id": execution["executionArn"],
                "Input": given,
                "Name": execution["name"],
                "StartTime": execution["startDate"],
            },
            "StateMachine": {"Id": execution["stateMachineArn"], "Name": machine_name},
        }
        output = json.dumps(run_states(definition, given, here, ctx))
    except stepfunctions._ExecutionError as error:
        _fail(execution, error.error, error.cause)
    except Exception as error:
        logger.exception("the execution %s", execution["executionArn"])
        _fail(execution, RUNTIME, str(error))
    else:
        _end(execution, "SUCCEEDED", "ExecutionSucceeded", {"output": output})


def _fail(execution: Execution, error: str | None, cause: str | None) -> None:
    _end(execution, "FAILED", "ExecutionFailed", {"error": error, "cause": cause})


def _end(execution: Execution, status: str, event_type: str, details: dict[str, Any]) -> None:
    if execution["status"] != "RUNNING":  # it was aborted or timed out
        return
    execution.update(details, status=status, stopDate=now_iso())
    add_event(execution, event_type, {f"{event_type[0].lower()}{event_type[1:]}EventDetails": details})
    stepfunctions._emit_execution_status_event(execution)


def _timer(execution: Execution, seconds: float | None) -> threading.Timer:
    """Return a timer that ends the execution after the TimeoutSeconds of its state machine."""
    # its thread must know the account and the region of this one
    timer = threading.Timer(seconds or 0.0, contextvars.copy_context().run, (_time_out, execution))
    timer.daemon = True
    if seconds is not None:
        timer.start()
    return timer


def _time_out(execution: Execution) -> None:
    if execution["status"] == "RUNNING":
        execution["error"] = "States.Timeout"
        _end(execution, "TIMED_OUT", "ExecutionTimedOut", {})


async def _describe(request: Request, serve: Serve) -> HttpAnswer:
    return _with_redrive(_without_what_is_not_there(await serve(request)))


async def _get_history(request: Request, serve: Serve) -> HttpAnswer:
    execution = stepfunctions._executions.get(request.get("executionArn"))
    if execution and execution["events"]:
        complete_first_event(execution)
    return await serve(request)


async def _start_sync(request: Request, serve: Serve) -> HttpAnswer:
    machine = stepfunctions._state_machines.get(request.get("stateMachineArn", "").partition("#")[0])
    if machine is not None and machine["type"] != "EXPRESS":
        return operations.refusal(
            "StateMachineTypeNotSupported", "This operation is not supported by this type of state machine"
        )
    return _without_what_is_not_there(await serve(request))


def _without_what_is_not_there(answer: HttpAnswer) -> HttpAnswer:
    """Only an execution that succeeded has an output, and only one that ended has a stop date."""
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
    """Add whether AWS could redrive the execution (`test_describe_execution`, `test_state_fail`)."""
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
