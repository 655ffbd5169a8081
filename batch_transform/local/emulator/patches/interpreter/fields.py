"""InputPath, Parameters, ResultSelector, ResultPath, OutputPath and the context object, as AWS applies them.

A definite path that finds nothing fails the execution. In Parameters that is `States.ParameterPathFailure` in the
specification, but on AWS it is `States.Runtime` with the texts below (`test_invalid_jsonpath`,
`test_catch_states_runtime`).
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter import intrinsics
from batch_transform.local.emulator.patches.interpreter.paths import (
    NothingFoundError,
    PathError,
    UnmatchedReferenceError,
    read,
    written,
)
from batch_transform.local.emulator.patches.interpreter.place import (
    RUNTIME,
    current_trial,
    failure,
    note,
    place,
)

Context = dict[str, Any]
State = dict[str, Any]

_CONTEXT = ("Execution", "StateMachine", "State", "Map", "Task")


def plug_in() -> None:
    """Replace the functions that the emulator's distributed Map and TestState use."""
    stepfunctions._resolve_path_or_ctx = resolve
    stepfunctions._resolve_params_obj = filled
    stepfunctions._apply_result_path_raw = with_result


def complete(ctx: Context | None) -> None:
    """Add to the context object what the emulator's lacks: the role, and the number of redrives."""
    run = (ctx or {}).get("Execution")
    if run is None or "RedriveCount" in run or current_trial() is not None:  # a trial has its own
        return
    execution = stepfunctions._executions.get(run.get("Id"))
    if execution:
        run["RoleArn"] = execution["events"][0]["executionStartedEventDetails"]["roleArn"]
    run["RedriveCount"] = 0  # nothing can be redriven here


def context_object(ctx: Context | None) -> Context:
    """Return what `$$` stands for."""
    complete(ctx)
    return {name: value for name, value in (ctx or {}).items() if name in _CONTEXT}


def resolve(path: str, data: object, ctx: Context | None = None) -> Any:  # noqa: ANN401  # any JSON value
    """Return what the path in a state's field finds. Fails the execution if it finds nothing."""
    try:
        return _find(path, data, ctx)
    except (NothingFoundError, PathError) as error:
        raise failure(RUNTIME, f"Invalid path '{path}' : {error}") from error


def resolve_field(field: str, path: str, data: object, ctx: Context | None) -> Any:  # noqa: ANN401
    """Return what a path finds. Fails the execution, with the name of the field, if it finds nothing."""
    try:
        return _find(path, data, ctx)
    except (NothingFoundError, PathError) as error:
        looked_in = json.dumps(context_object(ctx) if path.startswith("$$") else data, separators=(",", ":"))
        raise failure(
            RUNTIME,
            f"The JSONPath '{path}' specified for the field '{field}' could not be found in the input "
            f"'{looked_in}'",
        ) from error


def evaluate(expression: str, data: object, ctx: Context | None) -> Any:  # noqa: ANN401  # any JSON value
    """Return the value of a call of an intrinsic function."""
    return intrinsics.evaluate(expression, lambda path: resolve(path, data, ctx))


def _find(path: str, data: object, ctx: Context | None) -> Any:  # noqa: ANN401  # any JSON value
    if path.startswith("$$"):
        return read(path[1:], context_object(ctx))
    return read(path, data)


def filled(template: object, data: object, ctx: Context | None = None) -> Any:  # noqa: ANN401
    """Return a payload template with its `.$` fields evaluated."""
    if isinstance(template, list):
        return [filled(each, data, ctx) for each in template]
    if not isinstance(template, dict):
        return template
    result = {}
    for name, value in template.items():
        if not name.endswith(".$"):
            result[name] = filled(value, data, ctx)
        elif isinstance(value, str) and value.startswith("States."):
            result[name[:-2]] = evaluate(value, data, ctx)
        else:
            result[name[:-2]] = resolve_field(name, str(value), data, ctx)
    return result


def effective_input(state: State, data: object, ctx: Context | None) -> Any:  # noqa: ANN401  # any JSON value
    """Apply the state's InputPath."""
    found = _selected(state.get("InputPath", "$"), data, ctx)
    note(afterInputPath=found)
    return found


def effective_output(state: State, data: object, ctx: Context | None) -> Any:  # noqa: ANN401  # any JSON value
    """Apply the state's OutputPath."""
    return _selected(state.get("OutputPath", "$"), data, ctx)


def _selected(path: str | None, data: object, ctx: Context | None) -> Any:  # noqa: ANN401  # any JSON value
    return {} if path is None else resolve(path, data, ctx)


def parameters(state: State, data: object, ctx: Context | None) -> Any:  # noqa: ANN401  # any JSON value
    """Apply the state's Parameters."""
    found = filled(state["Parameters"], data, ctx) if "Parameters" in state else data
    note(afterParameters=found)
    return found


def output(state: State, given: object, result: object, ctx: Context | None) -> Any:  # noqa: ANN401
    """Apply the state's ResultSelector, ResultPath and OutputPath to a result."""
    selected = select_result(state, result)
    note(afterResultSelector=selected)
    combined = with_result(state.get("ResultPath", "$"), given, selected)
    note(afterResultPath=combined)
    return effective_output(state, combined, ctx)


def select_result(state: State, result: object) -> Any:  # noqa: ANN401  # any JSON value
    """Apply the state's ResultSelector, which may read the context object."""
    if "ResultSelector" not in state:
        return result
    here = place.get()
    return filled(state["ResultSelector"], result, here.context if here else None)


def with_result(path: str | None, raw_input: object, result: object) -> Any:  # noqa: ANN401
    """Apply a ResultPath. The specification says when it can't be applied; AWS's text is not documented."""
    if path is None:
        return raw_input
    try:
        return written(path, raw_input, result)
    except (UnmatchedReferenceError, PathError) as error:
        raise failure(
            "States.ResultPathMatchFailure", f"Unable to apply the ResultPath '{path}' to the input: {error}"
        ) from error
