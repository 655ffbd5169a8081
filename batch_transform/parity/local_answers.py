"""What the local AWS says of a TestState request, in this process, and the form in which both sides are asked.

A state that can't be mocked gets no context object from the request, so the account's own is read with the answer, and
given to the local AWS. What changes by itself is held: the random functions of JSONata, and the time that a Wait waits.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

from batch_transform.local.emulator.patches.interpreter.expressions import expressions_of, is_expression
from batch_transform.local.emulator.patches.interpreter.single_state import Found, Tried, try_state

CONTEXT: dict[str, Any] = {
    "Execution": {
        "Id": "arn:aws:states:us-east-1:000000000000:execution:parity:2f7d1c3e-0000-4000-8000-000000000001",
        "Input": {},
        "Name": "2f7d1c3e-0000-4000-8000-000000000001",
        "RoleArn": "arn:aws:iam::000000000000:role/parity",
        "StartTime": "2026-01-01T00:00:00.000Z",
    },
    "State": {"EnteredTime": "2026-01-01T00:00:01.000Z", "Name": "parity", "RetryCount": 0},
    "StateMachine": {"Id": "arn:aws:states:us-east-1:000000000000:stateMachine:parity", "Name": "parity"},
}
"""The context object of every mocked state."""

CAPTURED = "parity_context"
WAITED = "parity_seconds"
_READS_CONTEXT = "$states.context"
_WITHOUT_VARIABLES = ("Succeed", "Fail")
_HELD = (
    (re.compile(r"\$random\(\s*\)"), "0.5"),
    (re.compile(r"\$millis\(\s*\)"), "1767225600000"),
    (re.compile(r"\$now\(\s*\)"), "'2026-01-01T00:00:00.000Z'"),
    (re.compile(r"\$uuid\(\s*\)"), "'2f7d1c3e-0000-4000-8000-000000000002'"),
)


def prepared(machine: Mapping[str, Any], found: Found, *, is_mocked: bool) -> dict[str, Any]:
    """Return the definition with the state as it is tested: the same, but for what changes by itself."""
    changed = copy.deepcopy(dict(machine))
    state = _state_in(changed, found.name)
    if state is None or not _is_jsonata(found):
        return changed
    reads_context = any(_READS_CONTEXT in text for text, _place in expressions_of(state, ""))
    held = _with_held_functions(state)
    kind = held["Type"]
    if kind == "Wait" and "Seconds" in held:
        held["Assign"] = {**held.get("Assign", {}), WAITED: held["Seconds"]}
        held["Seconds"] = 0
    if reads_context and not is_mocked:
        held = (
            _with_variable_for_context(held) if kind in _WITHOUT_VARIABLES else _with_captured_context(held)
        )
    state.clear()
    state.update(held)
    return changed


def held_variables(found: Found) -> dict[str, Any]:
    """Return the variables that a test of a state needs beside its own."""
    return {CAPTURED: CONTEXT} if found.state["Type"] in _WITHOUT_VARIABLES and _is_jsonata(found) else {}


def reads_own_context(found: Found) -> bool:
    """Return whether a state can't be compared: its paths read the context object, which differs in each test."""
    return not _is_jsonata(found) and '"$$' in json.dumps(found.state)


def _with_captured_context(state: dict[str, Any]) -> dict[str, Any]:
    """Let the state assign the context object that it got to a variable."""
    whole = {CAPTURED: "{% " + _READS_CONTEXT + " %}"}
    captured = {**state, "Assign": {**state.get("Assign", {}), **whole}}
    if "Choices" in state:
        captured["Choices"] = [
            {**rule, "Assign": {**rule.get("Assign", {}), **whole}} for rule in state["Choices"]
        ]
    return captured


def _with_variable_for_context(state: dict[str, Any]) -> dict[str, Any]:
    """Let the state, which can't assign anything, read a variable instead of the context object."""
    changed: dict[str, Any] = json.loads(json.dumps(state).replace(_READS_CONTEXT, f"${CAPTURED}"))
    return changed


def answer_of(request: Mapping[str, Any], context: Mapping[str, Any] | None) -> Tried:
    """Return what the local AWS answers. `context` is the one of a state that can't be mocked."""
    return try_state(request, context)


def captured_context(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the context object that the account gave to a state, or None if the state doesn't read it."""
    variables = json.loads(answer.get("inspectionData", {}).get("variables", "{}"))
    captured = variables.get(CAPTURED)
    return dict(captured) if isinstance(captured, dict) else None


def _is_jsonata(found: Found) -> bool:
    return (found.state.get("QueryLanguage") or found.language) == "JSONata"


def _state_in(scope: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return the state of this name in a machine, a branch or an item, so that it can be changed."""
    for each, state in scope["States"].items():
        if each == name:
            found: dict[str, Any] = state
            return found
        inner = [
            *state.get("Branches", []),
            *(state[key] for key in ("ItemProcessor", "Iterator") if key in state),
        ]
        for below in inner:
            found_below = _state_in(below, name)
            if found_below is not None:
                return found_below
    return None


def _with_held_functions(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    if isinstance(value, Mapping):
        return {name: _with_held_functions(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_held_functions(each) for each in value]
    if isinstance(value, str) and is_expression(value):
        for function, constant in _HELD:
            value = function.sub(constant, value)
    return value
