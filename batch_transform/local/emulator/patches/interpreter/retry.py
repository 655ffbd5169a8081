"""Retry and Catch (Developer Guide of Step Functions, "Handling errors in Step Functions workflows")."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter import jsonata
from batch_transform.local.emulator.patches.interpreter.fields import Context, State, with_result
from batch_transform.local.emulator.patches.interpreter.history import add_event
from batch_transform.local.emulator.patches.interpreter.jsonata import is_jsonata
from batch_transform.local.emulator.patches.interpreter.place import (
    LIMIT_EXCEEDED,
    RUNTIME,
    end_aborted,
    place,
)
from batch_transform.local.emulator.patches.interpreter.wait import pause

TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"

Attempt = Callable[[], "tuple[Any, str | None]"]
"""Makes one attempt; returns the state's output and the name of the next state."""


class HeartbeatTimeoutError(stepfunctions._ExecutionError):  # type: ignore[misc]  # the emulator has no types
    """A missed heartbeat: States.Timeout in the history; Retry and Catch also match it as States.HeartbeatTimeout."""

    def __init__(self) -> None:
        super().__init__(TIMEOUT, "")


def error_matches(error_equals: Sequence[str], error: str) -> bool:
    """Return whether a retrier or catcher matches this error.

    States.Runtime always fails the execution, even if a catcher names it (`test_catch_states_runtime`).
    States.ALL doesn't match States.DataLimitExceeded, and States.TaskFailed doesn't match States.Timeout.
    """
    if error == RUNTIME:
        return False
    if error in error_equals:
        return True
    if error == LIMIT_EXCEEDED:
        return False
    return "States.ALL" in error_equals or ("States.TaskFailed" in error_equals and error != TIMEOUT)


def with_retry_and_catch(
    state: State, raw_input: object, ctx: Context, attempt: Attempt
) -> tuple[Any, str | None]:
    """Run the attempts of a state, with its Retry and Catch."""
    entered, here = ctx["State"], place.get()
    counts: dict[int, int] = {}
    while True:
        ctx["State"] = {**entered, "RetryCount": sum(counts.values())}
        if here is not None:
            here.context = ctx
            if here.is_over:
                end_aborted()
        try:
            return attempt()
        except stepfunctions._ExecutionError as error:
            number = _first(state.get("Retry", []), error)
            if number is not None:
                retrier, tried = state["Retry"][number], counts.get(number, 0)
                if tried < retrier.get("MaxAttempts", 3):
                    pause(_delay(retrier, tried))
                    counts[number] = tried + 1
                    continue
            if here is not None and here.started:
                add_event(here.execution, f"{state['Type']}StateFailed")
            number = _first(state.get("Catch", []), error)
            if number is None:
                raise
            catcher = state["Catch"][number]
            caught = {"Error": error.error, "Cause": error.cause}
            return _caught(catcher, raw_input, ctx, caught, in_jsonata=is_jsonata(state, ctx)), catcher[
                "Next"
            ]


def _caught(
    catcher: dict[str, Any], raw_input: object, ctx: Context, error: dict[str, str], *, in_jsonata: bool
) -> Any:  # noqa: ANN401  # any JSON value
    """Return the output of a state whose error is caught."""
    if not in_jsonata:
        return with_result(catcher.get("ResultPath", "$"), raw_input, error)
    output = jsonata.output(catcher, raw_input, ctx, result=None, error_output=error)
    jsonata.assign(catcher, raw_input, ctx, error_output=error)
    return output


def _first(rules: Sequence[dict[str, Any]], error: Exception) -> int | None:
    """Return the index of the first retrier or catcher that matches an error."""
    names = [error.error]  # type: ignore[attr-defined]  # the emulator's error
    if isinstance(error, HeartbeatTimeoutError):
        names.append(HEARTBEAT_TIMEOUT)
    found = (
        number
        for number, rule in enumerate(rules)
        if any(error_matches(rule["ErrorEquals"], name) for name in names)
    )
    return next(found, None)


def _delay(retrier: dict[str, Any], tried: int) -> float:
    seconds = float(retrier.get("IntervalSeconds", 1)) * float(retrier.get("BackoffRate", 2.0)) ** tried
    seconds = min(seconds, float(retrier.get("MaxDelaySeconds", seconds)))
    if retrier.get("JitterStrategy") == "FULL":
        seconds = random.uniform(0, seconds)  # noqa: S311  # no secret
    return seconds
