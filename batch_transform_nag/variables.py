"""Finds the Assign that gives a variable of a state machine its value when a state begins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from batch_transform_nag.state_machine import State

_READ = {
    "JSONata": re.compile(r"\{%\s*\$(?!states\b)(?P<name>\w+)(?P<path>(?:\.\w+)*)\s*%\}"),
    "JSONPath": re.compile(r"\$(?P<name>[A-Za-z_]\w*)(?P<path>(?:\.\w+)*)"),
}


def followed(read: str, state: State) -> tuple[State, object] | None:
    """Return the object that an expression reads, and the state that assigned it, to which its own expressions belong.

    `read` is a variable, or a member of one. The result is None when the value isn't an object, when more than one
    Assign may have set it, and for every other expression: only the run knows the value of a function or an input.
    """
    match = _READ[state.language].fullmatch(read)
    if match is None:
        return None
    found = list(_assigned(match["name"], state))
    if len(found) != 1:
        return None
    origin, value = found[0]
    for name in match["path"].split(".")[1:]:
        value = value.get(name) if isinstance(value, Mapping) else None
    return (origin, value) if isinstance(value, Mapping) else None


def _assigned(name: str, state: State) -> Iterator[tuple[State, object]]:
    """Yield the value of each Assign from which a path leads to the state without another Assign in between."""
    seen: set[int] = set()
    waiting = [state]
    while waiting:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if here.scope.around is not None:
            waiting.append(here.scope.around)
        for before in here.scope.states.values():
            for transition in _transitions(before, here.name):
                assign = transition.get("Assign", {})
                if name in assign:
                    yield before, assign[name]
                elif f"{name}.$" in assign:
                    yield before, None
                else:
                    waiting.append(before)


def _transitions(state: State, to: str) -> Iterator[Mapping[str, Any]]:
    """Yield the parts of a state that lead to another state; the Assign of each applies to that transition only."""
    if to in (state.body.get("Next"), state.body.get("Default")):
        yield state.body
    for part in (*state.catches, *state.body.get("Choices", [])):
        if part.get("Next") == to:
            yield part
