"""JSONata expressions in a definition: which ones Step Functions refuses, and what an expression reads.

Step Functions parses each expression before it stores a definition. The codes and texts are recorded: issues 2670 and
2745 of floci-io/floci, which measured them with ValidateStateMachineDefinition, and issue 6110 of sst/sst. That
`$states.result` and `$states.errorOutput` are refused where they don't exist is in the Developer Guide of Step
Functions, "Transforming data with JSONata".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from batch_transform.local.emulator.patches.interpreter.states_language import Problem

INVALID, UNSUPPORTED = "INVALID_JSONATA_EXPRESSION", "UNSUPPORTED_JSONATA_EXPRESSION"

_STATES = "states"
_ALWAYS = frozenset({"input", "context"})
_WITH_RESULT = frozenset({"Output", "Assign"})
_NOT_EVALUATED = frozenset({"Comment", "Branches", "ItemProcessor", "Iterator"})
"""Fields of a state without expressions of its own: those of branches and items are found as states."""


class ExpressionError(Exception):
    """An expression that isn't JSONata, with the parser's message in AWS's form."""


def is_expression(value: object) -> bool:
    """Return whether a value of a state's field is an expression, which Step Functions evaluates."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def text_of(value: str) -> str:
    """Return the JSONata in `{% %}`."""
    return value[2:-2].strip()


def expressions_in(value: object, at: str) -> Iterator[tuple[str, str]]:
    """Yield each expression in a value, with its place below `at`, such as `/States/S/Output/a[0]`."""
    if isinstance(value, str) and is_expression(value):
        yield text_of(value), at
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from expressions_in(each, f"{at}/{name}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from expressions_in(each, f"{at}[{number}]")


def expressions_of(state: Mapping[str, Any], at: str) -> Iterator[tuple[str, str]]:
    """Yield each expression of a state, with its place; without those of its branches and items."""
    for name, value in state.items():
        if name not in _NOT_EVALUATED:
            yield from expressions_in(value, f"{at}/{name}")


def parsed(expression: str) -> Any:  # noqa: ANN401  # the parser's symbols have no types
    """Return the syntax tree of an expression. Raises ExpressionError."""
    import jsonata  # noqa: PLC0415  # 30 ms, and only machines in JSONata need it

    try:
        return jsonata.Jsonata.jsonata(expression).ast
    except jsonata.JException as error:
        # AWS quotes the tokens, as the reference engine does
        found = (error.current, error.expected, error.extra)
        quoted = (None if each is None else json.dumps(each, default=str) for each in found)
        raise ExpressionError(jsonata.JException.msg(error.error, error.location, *quoted)) from error


def references(tree: Any) -> Iterator[tuple[str, ...]]:  # noqa: ANN401  # as above
    """Yield what an expression reads: `("$name", "member", …)` for a variable, `("member", …)` for the context item.

    What is below another step, such as a filter, is read from that step's value: only its variables count.
    """
    yield from _references(tree, is_top=True)


def _references(node: Any, *, is_top: bool) -> Iterator[tuple[str, ...]]:  # noqa: ANN401  # as above
    if isinstance(node, (list, tuple)):
        for each in node:
            yield from _references(each, is_top=is_top)
        return
    kind = getattr(node, "type", None)
    if kind is None:
        return
    if kind == "path":
        yield from _path(node, is_top=is_top)
        return
    if kind == "variable":
        yield (f"${node.value}",)
    elif kind == "name" and is_top:
        yield (str(node.value),)
    yield from _below(node, is_top=is_top and kind != "lambda")


def _path(path: Any, *, is_top: bool) -> Iterator[tuple[str, ...]]:  # noqa: ANN401  # as above
    first, *others = path.steps
    if first.type in ("variable", "name"):
        members = []
        for step in others:
            if step.type != "name":
                break
            members.append(str(step.value))
        if first.type == "variable" or is_top:
            yield ((f"${first.value}" if first.type == "variable" else str(first.value)), *members)
        yield from _below(first, is_top=is_top)
    else:
        yield from _references(first, is_top=is_top)
    for step in others:
        yield from _references(step, is_top=False)
    yield from _below(path, is_top=is_top)


_SAME_ITEM = ("lhs", "rhs", "lhs_object", "arguments", "expressions", "condition", "then", "_else", "body")
_OTHER_ITEM = ("predicate", "stages", "group", "expr", "expression", "rhs_terms", "terms")


def _below(node: Any, *, is_top: bool) -> Iterator[tuple[str, ...]]:  # noqa: ANN401  # as above
    kind = node.type
    for name in _SAME_ITEM:
        # what a variable is bound to is read, but not the variable itself
        if not (name == "lhs" and kind == "bind") and not (name == "arguments" and kind == "lambda"):
            yield from _references(getattr(node, name, None), is_top=is_top)
    for name in _OTHER_ITEM:
        yield from _references(getattr(node, name, None), is_top=False)


def state_problems(state: Mapping[str, Any], at: str) -> Iterator[Problem]:
    """Yield what is wrong with the expressions of a state in JSONata."""
    for expression, place in expressions_of(state, at):
        try:
            tree = parsed(expression)
        except ExpressionError as error:
            yield Problem(INVALID, str(error), place)
            continue
        known = _known(state, place.removeprefix(f"{at}/"))
        for message in dict.fromkeys(_unsupported(tree, known)):
            yield Problem(UNSUPPORTED, message, place)


def _unsupported(tree: Any, known: frozenset[str]) -> Iterator[str]:  # noqa: ANN401  # as above
    for first, *members in references(tree):
        if not first.startswith("$") or first == "$$":
            yield f"Reference to '{first}' at the top level is not supported."
        elif first == f"${_STATES}" and members and members[0] not in known:
            yield f"Field '${_STATES}.{members[0]}' does not exist."


def _known(state: Mapping[str, Any], field: str) -> frozenset[str]:
    """Return the members that `$states` has in a field of a state, such as `Catch[0]/Assign/x`."""
    top, _, below = field.partition("/")
    if top.startswith("Catch["):
        return _ALWAYS | {"errorOutput"} if below.partition("/")[0] in _WITH_RESULT else _ALWAYS
    if top in _WITH_RESULT or state.get("Type") in ("Pass", "Wait", "Choice", "Succeed"):
        return _ALWAYS | {"result"}  # whether AWS refuses it in states without a result isn't documented
    return _ALWAYS
