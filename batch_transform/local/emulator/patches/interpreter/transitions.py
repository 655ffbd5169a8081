"""The transitions of a definition: each must lead to a state, each state must be led to, and one must be an end.

The order and the places are those that floci measured with ValidateStateMachineDefinition (its pull request 2786).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from batch_transform.local.emulator.patches.interpreter.states_language import Problem

_TARGET = "MISSING_TRANSITION_TARGET"

State = Mapping[str, Any]


def transition_problems(start: str, states: Mapping[str, State], at: str) -> Iterator[Problem]:
    """Yield what is wrong with the transitions of a machine, a branch or an item; `at` is its place."""
    named = [(start, f"{at}/StartAt")]
    for name, state in states.items():
        named += transitions(state, f"{at}/States/{name}")
    for target, place in named:
        if target not in states:
            yield Problem(_TARGET, f"Missing 'Next' target: {target}", place)
    if all(_continues(state) for state in states.values()):
        yield Problem("MISSING_END_STATE", "Workflow has no terminal state")
        return  # AWS then names no state that isn't reachable
    targets = {target for target, _ in named}
    for name in states:
        if name not in targets:
            yield Problem(_TARGET, f'State "{name}" is not reachable.', f"{at}/States/{name}")


def transitions(state: State, at: str) -> Iterator[tuple[str, str]]:
    """Yield each state that this one names as the next, and where it does."""
    if "Next" in state:
        yield state["Next"], f"{at}/Next"
    if "Default" in state:
        yield state["Default"], f"{at}/Default"
    for field in ("Choices", "Catch"):
        for number, each in enumerate(state.get(field) or []):
            if "Next" in each:
                yield each["Next"], f"{at}/{field}[{number}]/Next"


def _continues(state: State) -> bool:
    return state.get("Type") not in ("Succeed", "Fail") and not state.get("End")
