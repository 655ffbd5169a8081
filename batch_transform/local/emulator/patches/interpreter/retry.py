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
    Place,
    Trial,
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
    entered, here = ctx.get("State", {}), place.get()
    trial = here.trial if here else None
    counts: dict[int, int] = {}
    while True:
        _count_retries(ctx, entered, trial.retries if trial else sum(counts.values()), here)
        try:
            return attempt()
        except stepfunctions._ExecutionError as error:
            number = _first(state.get("Retry", []), error)
            if number is not None and _is_tried_again(state["Retry"][number], number, counts, trial):
                if trial:
                    raise
                continue
            if here is not None and here.started:
                add_event(here.execution, f"{state['Type']}StateFailed")
            number = _first(state.get("Catch", []), error)
            if number is None:
                raise
            if trial:
                trial.note_error(catchIndex=number)
                trial.caught = (error.error, error.cause)
            caught = {"Error": error.error, "Cause": error.cause}
            return _caught(state, number, raw_input, ctx, caught), state["Catch"][number]["Next"]


def _count_retries(ctx: Context, entered: dict[str, Any], number: int, here: Place | None) -> None:
    """Put the number of retries so far into the context object. Ends the thread if its place is over."""
    if here is None or here.trial is None or not here.trial.has_own_context:
        ctx["State"] = {**entered, "RetryCount": number}
    if here is not None:
        here.context = ctx
        if here.is_over:
            end_aborted()


def _is_tried_again(
    retrier: dict[str, Any], number: int, counts: dict[int, int], trial: Trial | None
) -> bool:
    """Return whether a retrier has an attempt left, after its pause. A trial makes no further attempt."""
    tried = trial.retries if trial else counts.get(number, 0)
    has_attempts = tried < int(retrier.get("MaxAttempts", 3))
    if trial:
        trial.note_error(retryIndex=number)
        if has_attempts:
            trial.is_retriable = True
            trial.note_error(retryBackoffIntervalSeconds=int(_longest_delay(retrier, tried)))
    elif has_attempts:
        pause(_delay(retrier, tried))
        counts[number] = tried + 1
    return has_attempts


def _caught(state: State, number: int, raw_input: object, ctx: Context, error: dict[str, str]) -> Any:  # noqa: ANN401
    """Return the output of a state whose error is caught by the catcher of this number."""
    catcher = state["Catch"][number]
    if not is_jsonata(state, ctx):
        return with_result(catcher.get("ResultPath", "$"), raw_input, error)
    at = f"Catch[{number}]/"
    output = jsonata.output(catcher, raw_input, ctx, result=None, error_output=error, at=at)
    jsonata.assign(catcher, raw_input, ctx, error_output=error, at=at)
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


def _longest_delay(retrier: dict[str, Any], tried: int) -> float:
    """Return the pause before the next attempt, in seconds, without jitter."""
    seconds = float(retrier.get("IntervalSeconds", 1)) * float(retrier.get("BackoffRate", 2.0)) ** tried
    return min(seconds, float(retrier.get("MaxDelaySeconds", seconds)))


def _delay(retrier: dict[str, Any], tried: int) -> float:
    seconds = _longest_delay(retrier, tried)
    if retrier.get("JitterStrategy") == "FULL":
        seconds = random.uniform(0, seconds)  # noqa: S311  # no secret
    return seconds
