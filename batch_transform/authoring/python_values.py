"""The values in a piece of Python, as far as they can be read without running it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class NotKnown:
    """A value that only running the code would tell. `text` is its source."""

    text: str


def assigned_values(tree: ast.AST) -> dict[str, ast.expr]:
    """Return what simple names are set to. A name that is set more than once, or in a loop, is left out."""
    once = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    stored = [
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    return {name: value for name, value in once.items() if stored.count(name) == 1}


def value_of(node: ast.expr, names: Mapping[str, ast.expr], *, depth: int = 0) -> object:
    """Return the value of an expression: literals, names that are set once, `+`, `.format()` and f-strings of them.

    Lists and dicts are read item by item; what is not known in them is a `NotKnown` there.
    """
    if depth > _DEEPEST:
        return NotKnown(ast.unparse(node))
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float, bool, type(None))):
        return node.value
    if isinstance(node, ast.Name) and node.id in names:
        value = value_of(names[node.id], names, depth=depth + 1)
        return NotKnown(node.id) if isinstance(value, NotKnown) else value
    if isinstance(node, (ast.List, ast.Tuple)):
        return [value_of(item, names, depth=depth + 1) for item in node.elts]
    mapping = _mapping(node, names, depth)
    found = _text(node, names, depth) if mapping is None else mapping
    return NotKnown(ast.unparse(node)) if found is None else found


_DEEPEST = 50  # levels of names and operators; deeper code is not written by hand


def _mapping(node: ast.expr, names: Mapping[str, ast.expr], depth: int) -> dict[str, object] | None:
    """Return what `{"a": 1}` and `dict(a=1)` hold; None for all else, and for names that are not known."""
    pairs: list[tuple[object, ast.expr]] = []
    if isinstance(node, ast.Dict):
        pairs = [
            (None if key is None else value_of(key, names, depth=depth + 1), value)
            for key, value in zip(node.keys, node.values, strict=True)
        ]
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "dict" and not node.args:
        pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
    else:
        return None
    result = {name: value_of(value, names, depth=depth + 1) for name, value in pairs if isinstance(name, str)}
    return result if len(result) == len(pairs) else None


def _text(node: ast.expr, names: Mapping[str, ast.expr], depth: int) -> str | int | float | None:
    """Return the text that operators and f-strings make, or a negative number; None where a part is not known."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = value_of(node.operand, names, depth=depth + 1)
        return -number if isinstance(number, (int, float)) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = (value_of(side, names, depth=depth + 1) for side in (node.left, node.right))
        return left + right if isinstance(left, str) and isinstance(right, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = [_part(part, names, depth) for part in node.values]
        known = [part for part in parts if part is not None]
        return "".join(known) if len(known) == len(parts) else None
    if _is_format(node):
        return _formatted(node, names, depth)
    return None


def _part(node: ast.expr, names: Mapping[str, ast.expr], depth: int) -> str | None:
    if isinstance(node, ast.FormattedValue):
        if node.conversion != -1 or node.format_spec is not None:
            return None
        node = node.value
    value = value_of(node, names, depth=depth + 1)
    return str(value) if isinstance(value, (str, int)) else None


def _is_format(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"


def _formatted(node: ast.expr, names: Mapping[str, ast.expr], depth: int) -> str | None:
    """Return `"s3://{}/{}".format(a, b)`, where the fields are empty or plain numbers and names."""
    assert isinstance(node, ast.Call)  # noqa: S101 - told by _is_format
    assert isinstance(node.func, ast.Attribute)  # noqa: S101 - told by _is_format
    template = value_of(node.func.value, names, depth=depth + 1)
    arguments = [value_of(argument, names, depth=depth + 1) for argument in node.args]
    if (
        not isinstance(template, str)
        or node.keywords
        or not all(isinstance(value, str) for value in arguments)
    ):
        return None
    parts = template.split("{}")
    if len(parts) != len(arguments) + 1 or any("{" in part or "}" in part for part in parts):
        return None
    texts = [str(value) for value in arguments]
    return "".join(text for pair in zip(parts, [*texts, ""], strict=True) for text in pair)
