"""The operation TestState: one state by itself, run by the same functions as a state of an execution.

Answers and refusals are recorded (LocalStack's `test_state` tests) or in the Developer Guide of Step Functions,
"Testing state machines with TestState API". What isn't documented is in `docs/how-it-works/local-aws.md`.
"""

from __future__ import annotations

import functools
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core.concurrency import run_reentrant  # type: ignore[import-untyped]  # it has no types
from ministack.core.responses import (  # type: ignore[import-untyped]  # it has no types
    get_account_id,
    get_region,
    json_response,
    now_iso,
)
from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator import operations
from batch_transform.local.emulator.operations import HttpAnswer, Request, Serve
from batch_transform.local.emulator.patches.interpreter import mocked_results
from batch_transform.local.emulator.patches.interpreter.branches import run_state
from batch_transform.local.emulator.patches.interpreter.definition import problems
from batch_transform.local.emulator.patches.interpreter.fields import Context
from batch_transform.local.emulator.patches.interpreter.place import Place, Trial, place
from batch_transform.local.emulator.patches.interpreter.states_language import CALLBACK, SYNC, Problem

_INVALID, _DEFINITION, _INPUT = "ValidationException", "InvalidDefinition", "InvalidExecutionInput"
_UNNAMED = "StateName"
"""The name of a state without a state machine, as in AWS's answers."""
_MOCKABLE = ("Task", "Map", "Parallel")
_CONTEXT: Mapping[str, Mapping[str, type]] = {
    "Execution": {
        "Id": str,
        "Input": object,
        "Name": str,
        "RoleArn": str,
        "StartTime": str,
        "RedriveCount": int,
    },
    "State": {"EnteredTime": str, "Name": str, "RetryCount": int},
    "StateMachine": {"Id": str, "Name": str},
    "Task": {"Token": str},
}
_OF_TRANSITIONS = ("MISSING_TRANSITION_TARGET", "MISSING_END_STATE")
_WORD_OF = {str: "string", int: "number"}

Answer = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """A state, with the query language of its machine, and whether it is one of a Map's items."""

    name: str
    state: dict[str, Any]
    language: str
    is_item: bool = False

    @property
    def waits(self) -> bool:
        """Whether its task ends after the call: `.sync`, a callback or an activity."""
        resource = str(self.state.get("Resource"))
        return SYNC in resource or CALLBACK in resource or ":activity:" in resource


@dataclass(frozen=True)
class Tried:
    """What TestState answers, and the fields whose expressions were evaluated, such as `Catch[0]/Assign/error`."""

    answer: Answer
    evaluated: frozenset[str]


def plug_in() -> None:
    """Answer TestState."""
    operations.answer("states", {"TestState": _test_state})


async def _test_state(request: Request, _serve: Serve) -> HttpAnswer:
    try:
        # a task without a mock calls this process again
        tried: Tried = await run_reentrant(try_state, request, thread_name="test-state")
    except RefusedRequestError as error:
        return operations.refusal(error.code, error.message)
    answer: HttpAnswer = json_response(tried.answer)
    return answer


def try_state(request: Mapping[str, Any], context: Mapping[str, Any] | None = None) -> Tried:
    """Run the state of a TestState request, and return the answer.

    `context` is a context object for a state that can't be mocked: such a request can't have one. Raises
    RefusedRequestError as the operation does.
    """
    found = _state_of(request)
    given = _json(request.get("input", "{}"), "input", _INPUT)
    trial = _trial(request, found)
    ctx = _context(request, found, given, context)
    trial.has_own_context = context is not None or "context" in request
    execution = {"executionArn": "", "name": "", "status": "RUNNING", "events": []}
    token = place.set(Place(execution, trial=trial))
    try:
        answer = _outcome(found, given, execution, ctx, trial)
    finally:
        place.reset(token)
    if request.get("inspectionLevel", "INFO") != "INFO":
        answer["inspectionData"] = _inspection_data(given, trial, ctx)
    return Tried(answer, frozenset(trial.evaluated))


def _outcome(found: Found, given: object, execution: dict[str, Any], ctx: Context, trial: Trial) -> Answer:
    try:
        output, following = run_state(found.state, given, execution, ctx)
    except stepfunctions._ExecutionError as error:
        ended = {
            "status": "RETRIABLE" if trial.is_retriable else "FAILED",
            **_error(error.error, error.cause),
        }
    else:
        after = {"nextState": following} if following else {}
        ended = {"status": "SUCCEEDED", "output": _compact(output), **after}
        if trial.caught:
            ended |= {"status": "CAUGHT_ERROR", **_error(*trial.caught)}
    return ended


def _error(error: str | None, cause: str | None) -> Answer:
    return {name: text for name, text in (("error", error), ("cause", cause)) if text is not None}


def _inspection_data(given: object, trial: Trial, ctx: Context) -> Answer:
    as_they_are = ("errorDetails", "maxConcurrency")
    noted = {name: value if name in as_they_are else _compact(value) for name, value in trial.noted.items()}
    variables = ctx.get("variables")
    return {"input": _compact(given), **noted, **({"variables": _compact(variables)} if variables else {})}


def _state_of(request: Mapping[str, Any]) -> Found:
    text = request.get("definition") or ""
    definition = _json(text, "definition", _DEFINITION)
    if not isinstance(definition, dict):
        raise RefusedRequestError(_DEFINITION, "The definition must be a JSON object")
    name = request.get("stateName")
    language = definition.get("QueryLanguage", "JSONPath")
    if name is None:
        alone = {"StartAt": _UNNAMED, "States": {_UNNAMED: definition}}
        _refuse_problems([each for each in problems(json.dumps(alone)) if each.code not in _OF_TRANSITIONS])
        return Found(_UNNAMED, definition, language)
    _refuse_problems(_problems_of_machine(text))
    for found in all_states(definition):
        if found.name == name:
            return found
    raise RefusedRequestError(_INVALID, "State not found in definition")


@functools.lru_cache(maxsize=32)
def _problems_of_machine(text: str) -> list[Problem]:
    """Keep what is wrong with a definition, whose states are mostly tested one after the other."""
    return problems(text)


def all_states(machine: Mapping[str, Any]) -> Iterator[Found]:
    """Yield every state of a machine that has no problem, with those of its branches and items."""
    yield from _states_in(machine, machine.get("QueryLanguage", "JSONPath"), is_item=False)


def _states_in(scope: Mapping[str, Any], language: str, *, is_item: bool) -> Iterator[Found]:
    for name, state in scope["States"].items():
        yield Found(name, state, language, is_item)
        for branch in state.get("Branches", []):
            yield from _states_in(branch, language, is_item=is_item)
        for processor in ("ItemProcessor", "Iterator"):
            if processor in state:
                yield from _states_in(state[processor], language, is_item=True)


def _refuse_problems(found: list[Problem]) -> None:
    if found:
        text = ", ".join(map(str, found))
        raise RefusedRequestError(_DEFINITION, f"Invalid State Machine Definition: '{text}'")


def _trial(request: Mapping[str, Any], found: Found) -> Trial:
    mock, kind = request.get("mock"), found.state["Type"]
    settings = request.get("stateConfiguration") or {}
    for name in ("mapIterationFailureCount", "mapItemReaderData"):
        if name in settings:
            raise RefusedRequestError(_INVALID, f"the local AWS does not support {name} of TestState")
    if mock is None:
        _refuse_without_mock(request, found)
        return Trial(retries=settings.get("retrierRetryCount", 0))
    if kind not in _MOCKABLE:
        raise RefusedRequestError(_INVALID, f"State type '{kind}' is not supported when a mock is specified")
    if ("result" in mock) == ("errorOutput" in mock):
        raise RefusedRequestError(
            _INVALID, "A test mock should have only one of the following fields: [result, errorOutput]."
        )
    if request.get("revealSecrets"):
        raise RefusedRequestError(
            _INVALID, "TestState does not support RevealSecrets when a mock is specified."
        )
    trial = Trial(is_mocked=True, retries=settings.get("retrierRetryCount", 0))
    if "errorOutput" in mock:
        trial.error = (mock["errorOutput"].get("error"), mock["errorOutput"].get("cause"))
    else:
        trial.result = _mocked_result(mock, found.state)
    return trial


def _refuse_without_mock(request: Mapping[str, Any], found: Found) -> None:
    kind = found.state["Type"]
    if kind in ("Map", "Parallel"):
        raise RefusedRequestError(
            _DEFINITION,
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, "
            "Succeed, Fail, Choice]",
        )
    if kind == "Task" and found.waits:
        raise RefusedRequestError(
            _INVALID, f"The resource {found.state['Resource']} can only be tested with a mock"
        )
    if kind == "Task" and "roleArn" not in request:
        raise RefusedRequestError(_INVALID, "RoleArn must be specified when testing a Task state")
    if "context" in request:
        raise RefusedRequestError(_INVALID, "A Context object can only be specified together with a mock")


def _mocked_result(mock: Mapping[str, Any], state: Mapping[str, Any]) -> Any:  # noqa: ANN401  # any JSON value
    try:
        result = json.loads(mock["result"])
    except ValueError as error:
        raise RefusedRequestError(_INVALID, "Mocked result must be valid JSON") from error
    kind = state["Type"]
    if kind == "Task":
        mode = mock.get("fieldValidationMode", mocked_results.STRICT)
        misfit = mocked_results.first_misfit(state["Resource"], result, mode)
        if misfit:
            raise RefusedRequestError(_INVALID, f"Mock result schema validation error: {misfit}")
    elif not isinstance(result, list):
        raise RefusedRequestError(_INVALID, "Mocked result must be an array.")
    elif kind == "Parallel" and len(result) != len(state["Branches"]):
        raise RefusedRequestError(
            _INVALID, "Mocked result must contain the same number of items as number of Parallel branches."
        )
    return result


def _context(
    request: Mapping[str, Any], found: Found, given: object, own: Mapping[str, Any] | None
) -> Context:
    if own is None and "context" in request:
        own = _json(request["context"], "context", _INVALID)
        _check_context(own, found)
    context = dict(own) if own is not None else _default_context(request, found, given)
    variables = _json(request.get("variables", "{}"), "variables", _INVALID)
    if not isinstance(variables, dict):
        raise RefusedRequestError(_INVALID, "variables must be a JSON object")
    return {**context, "QueryLanguage": found.language, "variables": variables}


def _default_context(request: Mapping[str, Any], found: Found, given: object) -> Context:
    machine, execution = str(uuid.uuid4()), str(uuid.uuid4())
    arn = f"arn:aws:states:{get_region()}:{get_account_id()}"
    item = {"Map": {"Item": {"Index": 0, "Value": given}}} if found.is_item else {}
    return {
        "Execution": {
            "Id": f"{arn}:express:{machine}:{execution}",
            "Input": given,
            "Name": execution,
            "RoleArn": request.get("roleArn"),
            "StartTime": now_iso(),
        },
        "StateMachine": {"Id": f"{arn}:stateMachine:{machine}", "Name": machine},
        "State": {"Name": found.name, "EnteredTime": now_iso()},
        **item,
    }


def _check_context(context: object, found: Found) -> None:
    problem = next(_context_problems(context, found), None)
    if problem:
        raise RefusedRequestError(_INVALID, f"Invalid Context object provided: {problem}")


def _context_problems(context: object, found: Found) -> Iterator[str]:
    if not isinstance(context, dict):
        yield "it must be a JSON object"
        return
    if "Map" in context:
        yield "'Map' field is not supported when mocking a Context object"
    for part, members in context.items():
        if part not in _CONTEXT:
            yield f"Field '{part}' is not allowed"
        elif not isinstance(members, dict):
            yield f"{part} must be an object"
        else:
            yield from _member_problems(part, members)
    if "Task" in context and not found.waits:
        yield (
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' "
            "service integration pattern"
        )


def _member_problems(part: str, members: Mapping[str, object]) -> Iterator[str]:
    for name, value in members.items():
        kind = _CONTEXT[part].get(name)
        if kind is None:
            yield f"Field '{name}' is not allowed"
        elif not isinstance(value, kind):
            yield f"{part}.{name} must be a {_WORD_OF[kind]}"


def _json(text: object, name: str, code: str) -> Any:  # noqa: ANN401  # any JSON value
    try:
        return json.loads(str(text))
    except ValueError as error:
        raise RefusedRequestError(code, f"{name} is not valid JSON: {error}") from error


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
