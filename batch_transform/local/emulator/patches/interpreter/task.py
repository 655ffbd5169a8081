"""The Task state: its input and output, its timeouts, and its events.

The content and order of the events are from recorded runs (`test_publish_base`, `test_list_secrets`,
`test_invoke_pipe`, `test_sqs_wait_for_task_token`, `test_fixed_timeout_lambda`, `test_activity_task_with_heartbeat`).
"""

from __future__ import annotations

import contextvars
import json
import math
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_region  # type: ignore[import-untyped]  # it has no types
from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter import jsonata
from batch_transform.local.emulator.patches.interpreter.fields import (
    Context,
    State,
    effective_input,
    output,
    parameters,
    resolve,
)
from batch_transform.local.emulator.patches.interpreter.history import Execution, add_task_event
from batch_transform.local.emulator.patches.interpreter.place import (
    RUNTIME,
    check_size,
    current_trial,
    end_aborted,
    failure,
    note,
    place,
)
from batch_transform.local.emulator.patches.interpreter.retry import (
    TIMEOUT,
    HeartbeatTimeoutError,
    with_retry_and_catch,
)

LOOK_SECONDS = 0.05
"""How often a waiting task checks for the end of its place and for its timeouts."""

_STATES = ":states:::"
_CALLBACK = ".waitForTaskToken"
_ACTIVITY = ":activity:"


@dataclass(frozen=True)
class Call:
    """One attempt of a task, with its events."""

    execution: Execution
    resource: str
    timeout: float = math.inf
    heartbeat: float = math.inf

    @property
    def kind(self) -> str:
        """The prefix of its events: Task, LambdaFunction or Activity."""
        if _STATES in self.resource:
            return "Task"
        return "Activity" if _ACTIVITY in self.resource else "LambdaFunction"

    @property
    def service(self) -> dict[str, str]:
        """How events name a service and its operation: `sagemaker` and `createTransformJob.sync`."""
        if self.kind != "Task":
            return {}
        service, _, operation = self.resource.partition(_STATES)[2].partition(":")
        if service == "aws-sdk":
            name, _, operation = operation.partition(":")
            service = f"aws-sdk:{name}"
        return {"resourceType": service, "resource": operation}

    @property
    def is_over(self) -> bool:
        """Whether nothing waits for the task any more."""
        here = place.get()
        return self.execution["status"] != "RUNNING" or (here is not None and here.is_over)

    def add_event(self, what: str, **details: object) -> None:
        """Add an event of this task to the history."""
        if current_trial() is None:  # which has no history
            add_task_event(self.execution, self.kind, what, **self.service, **details)

    def schedule(self, arguments: object) -> None:
        """Add the events of the task being scheduled, with its arguments, and started."""
        written = json.dumps(arguments)
        limits = {
            f"{name}InSeconds": int(seconds)
            for name, seconds in (("timeout", self.timeout), ("heartbeat", self.heartbeat))
            if seconds < math.inf
        }
        if self.kind == "Task":
            self.add_event("Scheduled", region=get_region(), parameters=written, **limits)
        else:
            self.add_event("Scheduled", resource=self.resource, input=written, **limits)
        if self.kind != "Activity":  # it starts when a worker gets it
            self.add_event("Started")

    def submitted(self, output: object) -> None:
        """Add the event of a service having accepted the task, which is still running."""
        self.add_event("Submitted", output=json.dumps(output))


_NO_CALL = Call({"status": "RUNNING", "executionArn": ""}, "")  # the TestState API has no execution
_current: ContextVar[Call] = ContextVar("call", default=_NO_CALL)


def current_call() -> Call:
    """Return the task that this thread runs."""
    return _current.get()


def execute(state: State, raw_input: object, execution: Execution, ctx: Context) -> tuple[Any, str | None]:
    """Make the task's attempts; return the state's output and the next state's name."""
    resource: str = state["Resource"]
    is_jsonata = jsonata.is_jsonata(state, ctx)

    def attempt() -> tuple[Any, str | None]:
        trial = current_trial()
        if resource.endswith(_CALLBACK) and not (trial and trial.has_own_context):
            ctx["Task"] = {"Token": str(uuid.uuid4())}
        if is_jsonata:
            effective = raw_input
            arguments = jsonata.arguments(state, raw_input, ctx)
        else:
            effective = effective_input(state, raw_input, ctx)
            arguments = parameters(state, effective, ctx)
        call = Call(
            execution,
            resource,
            _seconds(state, "TimeoutSeconds", effective, ctx),
            _seconds(state, "HeartbeatSeconds", effective, ctx),
        )
        result = _made(call, arguments, ctx)
        note(result=result)
        return output_of(state, raw_input, result, ctx), state.get("Next")

    return with_retry_and_catch(state, raw_input, ctx, attempt)


def output_of(state: State, raw_input: object, result: object, ctx: Context) -> Any:  # noqa: ANN401
    """Return the output of a state with this result, and set the state's variables."""
    if not jsonata.is_jsonata(state, ctx):
        return output(state, raw_input, result, ctx)
    made = jsonata.output(state, raw_input, ctx, result)
    jsonata.assign(state, raw_input, ctx, result)
    return made


def _seconds(state: State, field: str, effective: object, ctx: Context) -> float:
    """Return a timeout, which may be a path or an expression; infinity if there is none."""
    path = state.get(f"{field}Path")
    value = resolve(path, effective, ctx) if path else state.get(field)
    if isinstance(value, str):
        value = jsonata.value(state, field, "number", effective, ctx)
    if value is None and path is None:
        return math.inf
    if not isinstance(value, (int, float)) or isinstance(value, bool) or value <= 0:
        raise failure(RUNTIME, f"The value of the field {field} must be a positive integer, but was: {value}")
    return float(value)


def _made(call: Call, arguments: object, ctx: Context) -> object:
    """Make the call, with its events. Raises the interpreter's error if the task fails or times out."""
    token = _current.set(call)
    try:
        call.schedule(arguments)
        trial = current_trial()
        if trial is not None and trial.is_mocked:
            result = trial.mocked()
        elif call.resource.endswith(_CALLBACK):
            result = _with_callback(call, arguments, ctx["Task"]["Token"])
        elif call.kind == "Activity":
            result = _by_worker(call, arguments)
        else:
            result = _within_time(call, arguments)
        check_size(result, call.service.get("resourceType", call.resource))
    except stepfunctions._ExecutionError as error:
        if error.error == RUNTIME:
            raise
        what = "TimedOut" if error.error == TIMEOUT else "Failed"
        call.add_event(what, error=error.error, cause=error.cause)
        raise
    finally:
        _current.reset(token)
    call.add_event("Succeeded", output=json.dumps(result))
    return result


def _within_time(call: Call, arguments: object) -> object:
    """Invoke the resource, in its own thread if it has a timeout. After the timeout, the thread is abandoned."""
    if call.timeout == math.inf:
        return stepfunctions._invoke_resource(call.resource, arguments)
    future: Future[object] = Future()

    def work() -> None:
        try:
            future.set_result(stepfunctions._invoke_resource(call.resource, arguments))
        except BaseException as error:  # noqa: BLE001  # SystemExit too: it is raised again below
            future.set_exception(error)

    threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True).start()
    deadline = time.monotonic() + call.timeout
    while not wait([future], LOOK_SECONDS).done:
        if call.is_over:
            end_aborted()
        if time.monotonic() >= deadline:
            raise stepfunctions._ExecutionError(TIMEOUT, "")
    return future.result()


def _with_callback(call: Call, arguments: object, token: str) -> object:
    """Make the call, and wait for SendTaskSuccess or SendTaskFailure."""
    entry = _task_token(token)
    try:
        call.submitted(stepfunctions._invoke_resource(call.resource.removesuffix(_CALLBACK), arguments))
        return _answer(call, entry, lambda: True)
    finally:
        stepfunctions._task_tokens.pop(token, None)


def _by_worker(call: Call, arguments: object) -> object:
    """Wait for a worker of the activity. The timeout starts when the worker gets the task."""
    if call.resource not in stepfunctions._activities:
        raise failure(RUNTIME, f"The activity {call.resource} does not exist.")
    token = str(uuid.uuid4())
    entry = _task_token(token)
    task = {"taskToken": token, "input": json.dumps(arguments)}
    queue = stepfunctions._activity_tasks[call.resource]
    queue.append(task)

    def is_taken() -> bool:
        return task not in queue

    try:
        return _answer(call, entry, is_taken)
    finally:
        stepfunctions._task_tokens.pop(token, None)
        if task in queue:
            queue.remove(task)


def _task_token(token: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"event": threading.Event(), "result": None, "error": None, "heartbeat": None}
    stepfunctions._task_tokens[token] = entry
    return entry


def _answer(call: Call, entry: dict[str, Any], is_taken: Callable[[], bool]) -> object:
    taken = beaten = math.inf
    last = None
    while not entry["event"].wait(LOOK_SECONDS):
        now = time.monotonic()
        if call.is_over:
            end_aborted()
        if taken == math.inf and is_taken():
            taken = beaten = now
            if call.kind == "Activity":
                call.add_event("Started")
        if entry["heartbeat"] != last:
            last, beaten = entry["heartbeat"], now
        if now - beaten >= call.heartbeat:
            raise HeartbeatTimeoutError
        if now - taken >= call.timeout:
            raise stepfunctions._ExecutionError(TIMEOUT, "")
    if call.kind == "Activity" and taken == math.inf:
        call.add_event("Started")
    if entry["error"]:
        raise stepfunctions._ExecutionError(entry["error"]["Error"], entry["error"]["Cause"])
    return json.loads(entry["result"])
