"""The Wait state (`test_base_wait_seconds_path`, `test_wait_timestamppath`)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter import jsonata
from batch_transform.local.emulator.patches.interpreter.choice import timestamp
from batch_transform.local.emulator.patches.interpreter.fields import (
    Context,
    State,
    effective_input,
    effective_output,
    resolve,
)
from batch_transform.local.emulator.patches.interpreter.place import RUNTIME, failure


def execute(state: State, given: object, ctx: Context) -> tuple[Any, str | None]:
    """Wait; return the state's output and the next state's name."""
    if jsonata.is_jsonata(state, ctx):
        if "Seconds" in state:
            pause(_seconds(jsonata.value(state, "Seconds", "number", given, ctx)))
        else:
            _wait_until(_moment(jsonata.value(state, "Timestamp", "string", given, ctx)))
        output = jsonata.output(state, given, ctx, result=given)
        jsonata.assign(state, given, ctx)
        return output, state.get("Next")
    effective = effective_input(state, given, ctx)
    for field in ("Seconds", "Timestamp"):
        if f"{field}Path" in state:
            state = {**state, field: _checked(state[f"{field}Path"], field, effective, ctx)}
    if "Seconds" in state:
        pause(state["Seconds"])
    else:
        _wait_until(state["Timestamp"])
    return effective_output(state, effective, ctx), state.get("Next")


def pause(seconds: float) -> None:
    """Wait, scaled by `--wait-scale`."""
    stepfunctions._scaled_sleep(seconds)


def _wait_until(moment: str) -> None:
    found = timestamp(moment)
    if found is not None:
        pause(max(0.0, (found - datetime.now(UTC)).total_seconds()))


def _seconds(value: float) -> float:
    if not float(value).is_integer():
        problem = "The Seconds field cannot be parsed as an integer"
    elif value < 0:
        problem = "Seconds cannot be negative but was"
    else:
        return value
    raise failure(jsonata.QUERY_EVALUATION_ERROR, f"{problem}: {json.dumps(value)}")


def _moment(value: str) -> str:
    if timestamp(value) is None:
        raise failure(
            jsonata.QUERY_EVALUATION_ERROR,
            "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: "
            f"{value}",
        )
    return value


def _checked(path: str, field: str, data: object, ctx: Context | None) -> int | str:
    try:
        value = resolve(path, data, ctx)
    except stepfunctions._ExecutionError as error:
        raise failure(
            RUNTIME, f"The {field}Path parameter does not reference an input value: {path}"
        ) from error
    if field == "Timestamp" and timestamp(value) is not None:
        return str(value)
    if field == "Seconds" and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if field == "Timestamp":
        problem = "does not reference a valid ISO-8601 extended offset date-time format string"
    elif isinstance(value, int) and value < 0:
        problem = "references a negative value"
    else:
        problem = "cannot be parsed as a long value"
    raise failure(RUNTIME, f"The {field}Path parameter {problem}: {path} == {value}")
