"""What stands in for the tasks of a definition: results that their services could return, and errors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from batch_transform.local.emulator.patches.interpreter.expressions import (
    expressions_of,
    is_expression,
    parsed,
    references,
    text_of,
)
from batch_transform.local.emulator.patches.interpreter.mocked_results import (
    NONE,
    STRICT,
    first_misfit,
    input_shape,
    output_shape,
)
from batch_transform.local.emulator.patches.interpreter.single_state import Found
from batch_transform.parity.sample_values import (
    TEXT,
    Path,
    Tree,
    add_path,
    decisive_values,
    enums_read,
    free_sample,
    path_of,
    sample,
    with_value,
)

Mock = dict[str, Any]

OTHER_ERROR = "Parity.OtherError"
"""An error that no retrier or catcher names."""
_RESULT = ("$states", "result")
_ERROR = ("$states", "errorOutput")
_OTHER_LEAVES: tuple[Any, ...] = (1, {}, [TEXT], True)
"""What a value is if text doesn't fit where it is used."""
_MOST_ERRORS = 12


class Mocks:
    """The mocks of a definition's tasks. What an expression reads of a variable, the result that it holds must have."""

    def __init__(self, states: Iterable[Found]) -> None:
        self._states = {each.name: each for each in states}
        self._read: list[tuple[str, Path]] = []
        self._decisive: list[tuple[str, Path, object]] = []
        self._arguments: dict[Path, str] = {}
        """What is the whole of a task's arguments, with the task's resource."""
        for found in self._states.values():
            for text, place in expressions_of(found.state, found.name):
                tree = parsed(text)
                self._read += [(found.name, path) for path in references(tree)]
                self._decisive += [(found.name, *each) for each in decisive_values(tree)]
                path = path_of(tree)
                if path and place == f"{found.name}/Arguments":
                    self._arguments[path] = str(found.state.get("Resource"))

    def results(self, found: Found) -> Iterator[tuple[str, Mock]]:
        """Yield mocked results of a state, each with what it tests. The first succeeds."""
        state = found.state
        if state["Type"] == "Parallel":
            yield "succeeds", {"result": json.dumps([{} for _ in state["Branches"]])}
            return
        if state["Type"] == "Map":
            yield "succeeds", {"result": "[]"}
            return
        value = self._result(found, TEXT)
        yield "succeeds", _mock(state["Resource"], value)
        shape = output_shape(state["Resource"])
        enums = dict(enums_read(shape, self._tree(found, _RESULT))) if shape is not None else {}
        chosen: list[tuple[Path, object]] = [
            (path, each) for path, values in enums.items() for each in values
        ]
        chosen += [(path, each) for path, each in self._decisive_below(found, _RESULT) if path not in enums]
        for path, each in chosen:
            changed = with_value(value, path, each)
            yield f"succeeds with {'.'.join(path)} {json.dumps(each)}", _mock(state["Resource"], changed)

    def other_results(self, found: Found) -> Iterator[Mock]:
        """Yield results with values of other types, for expressions that text doesn't fit."""
        if found.state["Type"] == "Task":
            for leaf in _OTHER_LEAVES:
                yield _mock(found.state["Resource"], self._result(found, leaf))

    def errors(self, found: Found, named: str) -> Iterator[tuple[str, str]]:
        """Yield errors that a catcher of this name catches, with a cause, or "" for any cause."""
        is_wild = named in ("States.ALL", "States.TaskFailed")
        yield (OTHER_ERROR if named == "States.ALL" else named), ""
        if not is_wild:
            return
        values: dict[str, list[str]] = {"Error": [], "Cause": []}
        for path, value in self._decisive_below(found, _ERROR):
            if path[-1:] and path[-1] in values and isinstance(value, str) and value not in values[path[-1]]:
                values[path[-1]].append(value)
        pairs = [
            (error, cause) for error in (values["Error"] or [TEXT]) for cause in (values["Cause"] or [TEXT])
        ]
        for error, cause in pairs[:_MOST_ERRORS]:
            if error != "States.Runtime":
                yield error, cause

    def _result(self, found: Found, leaf: object) -> Any:  # noqa: ANN401  # any JSON value
        tree = self._tree(found, _RESULT)
        shape = output_shape(found.state["Resource"])
        if shape is None:
            value = free_sample(tree, leaf)
            return value if isinstance(value, dict) else {}
        value = sample(shape, tree)
        if "Payload" in tree:  # whatever the function returns
            value = {**value, "Payload": free_sample(tree["Payload"], leaf)}
        for path, resource in self._arguments_below(found):
            of_call = input_shape(resource)
            value = with_value(value, path, sample(of_call) if of_call is not None else {})
        return value

    def _tree(self, found: Found, of: Path) -> Tree:
        """Return what is read of a state's result, directly or by a variable that holds it or a part of it."""
        tree: Tree = {}
        aliases = [*self._aliases(found, of)]
        for state, path in self._read:
            if path[:2] == of and state == found.name:
                add_path(tree, path[2:])
            for variable, held in aliases:
                if path[: len(variable)] == variable:
                    add_path(tree, (*held, *path[len(variable) :]))
        return tree

    def _aliases(self, found: Found, of: Path) -> Iterator[tuple[Path, Path]]:
        """Yield variables that hold a state's result, or its error, with the part that they hold."""
        if of == _RESULT:
            assigned = [found.state.get("Assign") or {}]
        else:
            assigned = [catcher.get("Assign") or {} for catcher in found.state.get("Catch", [])]
        for fields in assigned:
            for variable, template in _leaves(fields):
                if is_expression(template):
                    for path in references(parsed(text_of(template))):
                        if path[:2] == of:
                            first, *rest = variable
                            yield (f"${first}", *rest), path[2:]

    def _decisive_below(self, found: Found, of: Path) -> Iterator[tuple[Path, object]]:
        aliases = [*self._aliases(found, of), (of, ())]
        known = set()
        for state, path, value in self._decisive:
            for variable, held in aliases:
                if path[: len(variable)] == variable and (variable != of or state == found.name):
                    below = (*held, *path[len(variable) :])
                    key = (below, json.dumps(value))
                    if below and key not in known:
                        known.add(key)
                        yield below, value

    def _arguments_below(self, found: Found) -> Iterator[tuple[Path, str]]:
        for path, resource in self._arguments.items():
            for variable, held in self._aliases(found, _RESULT):
                if path[: len(variable)] == variable:
                    yield (*held, *path[len(variable) :]), resource


def _leaves(value: object, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, (*at, name))
    else:
        yield at, value


def _mock(resource: str, value: object) -> Mock:
    """Return a mock that the API's model allows; for what it doesn't, such as a payload, one without validation."""
    is_strict = first_misfit(resource, value, STRICT) is None
    return {"result": json.dumps(value), "fieldValidationMode": STRICT if is_strict else NONE}
