"""The Pass, Succeed and Fail states, which call nothing."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter import jsonata
from batch_transform.local.emulator.patches.interpreter.fields import (
    Context,
    State,
    effective_input,
    effective_output,
    evaluate,
    output,
    parameters,
    resolve_field,
)
from batch_transform.local.emulator.patches.interpreter.place import RUNTIME, failure, note


def execute_fail(state: State, given: object, ctx: Context) -> NoReturn:
    """Fail with the state's Error and Cause."""
    if not jsonata.is_jsonata(state, ctx):
        note(afterInputPath=given)
    raise stepfunctions._ExecutionError(*(_of_fail(state, each, given, ctx) for each in ("Error", "Cause")))


def execute_succeed(state: State, given: object, ctx: Context) -> tuple[Any, None]:
    """Return the state's output; nothing follows."""
    if jsonata.is_jsonata(state, ctx):
        return jsonata.output(state, given, ctx, result=given), None
    return effective_output(state, effective_input(state, given, ctx), ctx), None


def execute_pass(state: State, given: object, ctx: Context) -> tuple[Any, str | None]:
    """Return the state's output and the next state's name."""
    if jsonata.is_jsonata(state, ctx):
        made = jsonata.output(state, given, ctx, result=given)
        jsonata.assign(state, given, ctx, result=made)
        return made, state.get("Next")
    if "Result" in state:
        result = state["Result"]
        note(result=result)
    else:
        result = parameters(state, effective_input(state, given, ctx), ctx)
    return output(state, given, result, ctx), state.get("Next")


def _of_fail(state: State, field: str, given: object, ctx: Context) -> str | None:
    """Return the Error or Cause of a Fail state, or None if it has none."""
    if field in state and jsonata.is_jsonata(state, ctx):
        return str(jsonata.value(state, field, "string", given, ctx))
    path: str | None = state.get(f"{field}Path")
    if path is None:
        literal: str | None = state.get(field)
        return literal
    if path.startswith("States."):
        value = evaluate(path, given, ctx)
    else:
        value = resolve_field(f"{field}Path", path, given, ctx)
    if not isinstance(value, str):
        raise failure(
            RUNTIME,
            f"The value referenced by {field}Path must be a string, but the value was: {json.dumps(value)}",
        )
    return value
