"""Values that a service could return or accept, and values that make the conditions of a definition true.

Both are made from what AWS publishes: the services' API models, and the definition's own expressions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batch_transform.local.emulator.patches.interpreter.mocked_results import member_name

TEXT, MOMENT = "parity", "2026-01-01T00:00:00.000Z"

Path = tuple[str, ...]
Tree = dict[str, Any]
"""Which members of a value are read: a tree of their names."""

_DEPTH = 6
"""How deep a sample goes into a shape that contains itself."""


def sample(shape: Any, read: Tree | None = None, depth: int = _DEPTH) -> Any:  # noqa: ANN401  # botocore's, any JSON
    """Return a value of an API's shape: what it requires, and the members in `read`."""
    kind = shape.type_name
    if kind == "structure":
        read = read or {}
        return {
            member_name(name): sample(member, read.get(member_name(name)), depth - 1)
            for name, member in shape.members.items()
            if depth > 0 and (name in shape.required_members or member_name(name) in read)
        }
    if kind == "list":
        return [sample(shape.member, read, depth - 1)] if depth > 0 and shape.metadata.get("min") else []
    if kind == "map":
        return {}
    return _scalar(shape, kind)


def _scalar(shape: Any, kind: str) -> Any:  # noqa: ANN401  # as above
    least = shape.metadata.get("min", 0)
    if kind in ("integer", "long", "float", "double"):
        return max(1, least)
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return MOMENT
    if getattr(shape, "enum", None):
        return shape.enum[0]
    return TEXT.ljust(int(least), "y")


def enums_read(shape: Any, read: Tree, at: Path = ()) -> Iterator[tuple[Path, Sequence[str]]]:  # noqa: ANN401
    """Yield the members in `read` that have a closed list of values, with these values."""
    for name, member in getattr(shape, "members", {}).items():
        written = member_name(name)
        if written in read:
            if getattr(member, "enum", None):
                yield (*at, written), member.enum
            yield from enums_read(member, read[written], (*at, written))


def free_sample(read: Tree, leaf: Any = TEXT) -> Any:  # noqa: ANN401  # any JSON
    """Return a value that has the members in `read`, for a result whose shape its function decides."""
    return {name: free_sample(below, leaf) for name, below in read.items()} if read else leaf


def with_value(value: Any, path: Path, new: object) -> Any:  # noqa: ANN401  # any JSON
    """Return a copy of a JSON value with another value at a path, whose objects are made if they are missing."""
    if not path:
        return new
    first, *rest = path
    below = value if isinstance(value, Mapping) else {}
    return {**below, first: with_value(below.get(first), tuple(rest), new)}


def add_path(tree: Tree, path: Sequence[str]) -> None:
    """Add a path to a tree of names."""
    for name in path:
        tree = tree.setdefault(name, {})


def decisive_values(tree: Any) -> Iterator[tuple[Path, object]]:  # noqa: ANN401  # the parser's symbols have no types
    """Yield values of what an expression reads that may decide its outcome, from what it compares them with."""
    if isinstance(tree, (list, tuple)):
        for each in tree:
            yield from decisive_values(each)
        return
    if getattr(tree, "type", None) is None:
        return
    if tree.type == "binary" and tree.value in _COMPARISONS:
        for side, other in ((tree.lhs, tree.rhs), (tree.rhs, tree.lhs)):
            yield from _compared(side, other)
    elif tree.type == "function":
        yield from _called(tree)
    elif tree.type == "condition":
        yield from ((path, value) for path in _paths(tree.condition) for value in (True, ""))
    for name in _PARTS:
        yield from decisive_values(getattr(tree, name, None))


_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=", "in")
_PARTS = (
    "lhs",
    "rhs",
    "lhs_object",
    "arguments",
    "expressions",
    "condition",
    "then",
    "_else",
    "body",
    "steps",
)


def path_of(tree: Any) -> Path | None:  # noqa: ANN401  # as above
    """Return the path of an expression that is only one, such as `$states.input.a`; else None."""
    if tree.type == "variable":
        return (f"${tree.value}",)
    if tree.type != "path" or tree.steps[0].type != "variable":
        return None
    first, *others = tree.steps
    if any(step.type != "name" for step in others):
        return None
    return (f"${first.value}", *(str(step.value) for step in others))


def _paths(tree: Any) -> Iterator[Path]:  # noqa: ANN401  # as above
    """Yield the paths of an operand: its own, or those that it adds to or counts."""
    path = path_of(tree)
    if path is not None:
        yield path
    elif tree.type == "binary" and tree.value in ("+", "-", "*"):
        yield from _paths(tree.lhs)
        yield from _paths(tree.rhs)


def _compared(side: Any, other: Any) -> Iterator[tuple[Path, object]]:  # noqa: ANN401  # as above
    for path in _paths(side):
        for literal in _literals(other):
            yield path, literal
            if isinstance(literal, (int, float)) and not isinstance(literal, bool):
                yield from ((path, literal - 1), (path, literal + 1), (path, 0))
            elif isinstance(literal, str):
                yield path, f"other than {literal}"
        if other.type == "function":
            yield from ((path, 0), (path, 1000))


def _literals(tree: Any) -> Iterator[Any]:  # noqa: ANN401  # as above
    if tree.type in ("string", "number"):
        yield tree.value if tree.value is not None else 0
    elif tree.type == "value":
        yield tree.value
    elif tree.type == "unary" and tree.value == "[":
        for each in tree.expressions:
            yield from _literals(each)


def _called(call: Any) -> Iterator[tuple[Path, object]]:  # noqa: ANN401  # as above
    name, arguments = getattr(call.procedure, "value", None), call.arguments or []
    if name == "count" and arguments:
        for path in _paths(arguments[0]):
            yield from ((path, [TEXT] * number) for number in (1, 3))
    if name == "contains" and len(arguments) == 2:
        for path in _paths(arguments[0]):
            yield path, TEXT
            if arguments[1].type == "string":
                yield path, arguments[1].value
            elif arguments[1].type == "regex":
                yield from ((path, text) for text in _matching(arguments[1].value))


def _matching(pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield a text that matches each alternative of a simple regular expression, as far as one is found."""
    for alternative in pattern.pattern.split("|"):
        text = re.sub(r"\\[sdwb][*+?]?|[\^$]", "", alternative)
        text = re.sub(r"\[(\\?.)[^\]]*\]", r"\1", text)
        text = re.sub(r"\\(.)", r"\1", text)
        if pattern.search(text):
            yield text


def as_text(value: object) -> str:
    """Return JSON as one line, without spaces, with the names of each object in order."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
