"""The Wait state's paths (`test_base_wait_seconds_path`, `test_wait_timestamppath`)."""

from __future__ import annotations

from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.interpreter.choice import timestamp
from batch_transform.local.emulator.interpreter.fields import Context, State, resolve
from batch_transform.local.emulator.interpreter.place import RUNTIME, failure


def plug_in() -> None:
    """Let a path that finds no time fail the execution; the emulator does not wait then."""
    execute = stepfunctions._execute_wait

    def execute_with_checked_paths(
        state: State, raw_input: object, ctx: Context | None = None
    ) -> tuple[Any, str | None]:
        for field in ("Seconds", "Timestamp"):
            if f"{field}Path" in state:
                effective = stepfunctions._apply_input_path(state, raw_input, ctx)
                state = {**state, field: _checked(state[f"{field}Path"], field, effective, ctx)}
        result: tuple[Any, str | None] = execute(state, raw_input, ctx)
        return result

    stepfunctions._execute_wait = execute_with_checked_paths


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
