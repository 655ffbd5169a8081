"""Where a variable of a state machine got its value: the Assign that surely holds when a state begins."""

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
    """Return the object that an expression reads, and the state that wrote it, in which its own expressions stand.

    `read` is a variable, or a member of one. None where that is no object, or more than one Assign may have
    given it, or the expression is anything else: what a function or an input gives only the run knows.
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
    """Yield what each Assign gives, from which a path leads to the state without another one in between."""
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
            for way in _ways(before, here.name):
                assign = way.get("Assign", {})
                if name in assign:
                    yield before, assign[name]
                elif f"{name}.$" in assign:
                    yield before, None
                else:
                    waiting.append(before)


def _ways(state: State, to: str) -> Iterator[Mapping[str, Any]]:
    """Yield the parts of a state by which it goes on to another; the Assign of each holds for that way only."""
    if to in (state.body.get("Next"), state.body.get("Default")):
        yield state.body
    for part in (*state.catches, *state.body.get("Choices", [])):
        if part.get("Next") == to:
            yield part
