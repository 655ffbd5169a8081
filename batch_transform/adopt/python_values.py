"""Reads the values in Python code as far as possible without running it."""

from __future__ import annotations

import ast
import operator as operators
import posixpath
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from batch_transform.adopt.python_names import Names

_DEEPEST = 50  # levels of names and operators; nobody nests deeper by hand
_MOST_STEPS = 100_000  # expressions; names that refer to names can make the number of steps explode
_LONGEST = 100_000  # characters of a concatenated string


@dataclass(frozen=True)
class NotKnown:
    """A value that is known only when the code runs. `text` is its source, `node` its place."""

    text: str
    node: ast.AST = field(compare=False, repr=False)


class Values:
    """Reads expressions of a tree: literals, names that are set once where they are used, and operators on them.

    A name is looked up in the enclosing function first, as in Python. A name that is set in several places, by a loop
    or by a caller is unknown. `objects` are classes whose instances are read as dicts of their arguments. `used` are
    the expressions that names were resolved to.
    """

    def __init__(self, tree: ast.Module, objects: frozenset[str] = frozenset()) -> None:
        self.names = Names(tree)
        self._objects = objects
        self.used: list[ast.expr] = []
        self._steps = 0

    def of(self, node: ast.expr, depth: int = 0) -> object:
        """Return the value of an expression, with a `NotKnown` in place of each unknown part."""
        found: object = None
        self._steps += 1
        if depth > _DEEPEST or self._steps > _MOST_STEPS:
            pass
        elif isinstance(node, ast.Constant):
            if node.value is None:
                return None
            found = node.value if isinstance(node.value, (str, int, float)) else None
        elif isinstance(node, ast.Name):
            return self._of_name(node, depth)
        elif isinstance(node, (ast.List, ast.Tuple)):
            if not any(isinstance(item, ast.Starred) for item in node.elts):
                found = [self.of(item, depth + 1) for item in node.elts]
        elif isinstance(node, ast.Dict):
            found = self._mapping(node, list(zip(node.keys, node.values, strict=True)), depth)
        elif isinstance(node, ast.Call):
            found = self._of_call(node, depth)
        else:
            found = self._computed(node, depth)
        return NotKnown(ast.unparse(node), node) if found is None else found

    def assigned(self, node: ast.expr) -> ast.expr:
        """Return the expression that a name or an attribute refers to if it is set once; otherwise `node`."""
        found: ast.expr | None = None
        if isinstance(node, ast.Name):
            found = self.names.expression(node)
        elif isinstance(node, ast.Attribute):
            values = self.names.attribute_values(node)
            found = values[0] if len(values) == 1 else None
        if found is None:
            return node
        self.used.append(found)
        return found

    def _of_name(self, node: ast.Name, depth: int) -> object:
        found = self.names.expression(node)
        if found is None:
            return NotKnown(node.id, node)
        self.used.append(found)
        value = self.of(found, depth + 1)
        if isinstance(value, NotKnown):
            return NotKnown(node.id, node)
        if isinstance(value, (dict, list)):
            return self._changed(value, node, depth)
        return value

    def _changed(self, value: dict[str, object] | list[object], node: ast.Name, depth: int) -> object:
        """Return a dict as it is at this use of the name, after all earlier changes."""
        for change in self.names.changes(node):
            if not change.keys or isinstance(value, list):
                return NotKnown(f"{node.id}, which changes here", change.node)
            self.used += [change.value] if change.value is not None else []
            new: object = NotKnown(ast.unparse(change.node), change.node)
            if change.value is not None and not self.names.may_not_run(change.node):
                new = self.of(change.value, depth + 1)
            value = _with(value, change.keys, new)
        if isinstance(value, dict):
            for name, assigned, is_sure in self.names.set_attributes(node, node):
                self.used.append(assigned)
                new = self.of(assigned, depth + 1) if is_sure else NotKnown(ast.unparse(assigned), assigned)
                value = _with(value, (name,), new)
        return value

    def _mapping(
        self, node: ast.expr, pairs: list[tuple[ast.expr | None, ast.expr]], depth: int
    ) -> dict[str, object] | NotKnown:
        result: dict[str, object] = {}
        for key, value in pairs:
            if key is None:
                spread = self.of(value, depth + 1)
                if not isinstance(spread, dict):
                    return NotKnown(ast.unparse(node), node)
                result |= spread
                continue
            name = self.of(key, depth + 1)
            if not isinstance(name, str):
                return NotKnown(ast.unparse(node), node)
            result[name] = self.of(value, depth + 1)
        return result

    def _of_call(self, node: ast.Call, depth: int) -> object:
        if isinstance(node.func, ast.Name) and node.func.id == "dict" and len(node.args) <= 1:
            pairs: list[tuple[ast.expr | None, ast.expr]] = [(None, one) for one in node.args]
            return self._mapping(node, pairs + _keywords(node), depth)
        name = ast.unparse(node.func)
        if name.rpartition(".")[2] in self._objects and not node.args:
            return self._mapping(node, _keywords(node), depth)
        if name in _COPIES and len(node.args) == 1:
            return self.of(node.args[0], depth + 1)
        arguments = [self.of(one, depth + 1) for one in node.args]
        found: object = None
        if all(isinstance(one, (str, int)) for one in arguments) and not node.keywords:
            if name == "str" and len(arguments) == 1:
                found = str(arguments[0])
            elif name in {"os.path.join", "posixpath.join"} and arguments:
                found = posixpath.join(*map(str, arguments))
        if found is None and isinstance(node.func, ast.Attribute):
            owner = self.of(node.func.value, depth + 1)
            if isinstance(owner, (dict, list)) and node.func.attr == "copy" and not arguments:
                return owner
            if isinstance(owner, str):
                found = self._of_text_method(owner, node.func.attr, arguments, node, depth)
        return NotKnown(ast.unparse(node), node) if found is None else found

    def _of_text_method(
        self, owner: str, method: str, arguments: list[object], node: ast.Call, depth: int
    ) -> str | None:
        if method == "format":
            named = {one.arg: self.of(one.value, depth + 1) for one in node.keywords if one.arg}
            known = all(isinstance(one, (str, int, float)) for one in (*arguments, *named.values()))
            return _formatted(owner, arguments, named) if known and len(named) == len(node.keywords) else None
        if method == "join" and len(arguments) == 1 and isinstance(arguments[0], list) and not node.keywords:
            parts = arguments[0]
            return owner.join(parts) if all(isinstance(part, str) for part in parts) else None
        if method in _TEXT_METHODS and not node.keywords and all(isinstance(one, str) for one in arguments):
            try:
                return str(getattr(owner, method)(*arguments))
            except TypeError:
                return None
        return None

    def _computed(self, node: ast.expr, depth: int) -> object:
        """Return the value of operators, f-strings and subscripts; None if a part is not known."""
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            return self._member(node, depth)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            number = self.of(node.operand, depth + 1)
            return -number if isinstance(number, (int, float)) else None
        if isinstance(node, ast.BinOp):
            return _combined(node.op, self.of(node.left, depth + 1), self.of(node.right, depth + 1))
        if isinstance(node, ast.JoinedStr):
            parts = [self._part(part, depth) for part in node.values]
            known = [part for part in parts if part is not None]
            return "".join(known) if len(known) == len(parts) else None
        return None

    def _member(self, node: ast.Attribute | ast.Subscript, depth: int) -> object:
        if isinstance(node, ast.Attribute):
            is_own = ast.unparse(node.value) in {"self", "cls"}
            assigned = self.assigned(node) if is_own else node
            return None if assigned is node else self.of(assigned, depth + 1)
        owner, key = self.of(node.value, depth + 1), self.of(node.slice, depth + 1)
        if isinstance(owner, dict) and isinstance(key, str):
            return owner.get(key)
        if isinstance(owner, list) and isinstance(key, int) and -len(owner) <= key < len(owner):
            return owner[key]
        return None

    def _part(self, node: ast.expr, depth: int) -> str | None:
        if not isinstance(node, ast.FormattedValue):
            value = self.of(node, depth + 1)
            return value if isinstance(value, str) else None
        value = self.of(node.value, depth + 1)
        layout = "" if node.format_spec is None else self.of(node.format_spec, depth + 1)
        if (
            not isinstance(value, (str, int, float))
            or not isinstance(layout, str)
            or len(layout) > _LONGEST_LAYOUT
        ):
            return None
        shown: object = repr(value) if node.conversion == ord("r") else value
        if node.conversion in {ord("s"), ord("a")}:
            shown = str(value) if node.conversion == ord("s") else ascii(value)
        try:
            return format(shown, layout)
        except ValueError:
            return None


_ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operators.add,
    ast.Sub: operators.sub,
    ast.Mult: operators.mul,
}
_COPIES = frozenset({"copy.copy", "copy.deepcopy", "deepcopy"})
_TEXT_METHODS = frozenset(
    {"strip", "rstrip", "lstrip", "lower", "upper", "replace", "removesuffix", "removeprefix"}
)
_LONGEST_LAYOUT = 6
_WIDE = re.compile(r"%[^a-zA-Z%]*\d{4}")


def _keywords(node: ast.Call) -> list[tuple[ast.expr | None, ast.expr]]:
    return [(ast.Constant(one.arg) if one.arg else None, one.value) for one in node.keywords]


def _with(value: dict[str, object], keys: tuple[str, ...], new: object) -> dict[str, object]:
    first, *others = keys
    below = value.get(first)
    if others:
        new = _with(below if isinstance(below, dict) else {}, tuple(others), new)
    return {**value, first: new}


def _combined(operator: ast.operator, left: object, right: object) -> object:
    if isinstance(operator, ast.Mod) and isinstance(left, str):
        values = tuple(right) if isinstance(right, list) else (right,)
        known = all(isinstance(value, (str, int, float)) for value in values)
        return (
            _or_none(lambda: left % values) if known and "*" not in left and not _WIDE.search(left) else None
        )
    if isinstance(operator, ast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
        return left | right
    if isinstance(operator, ast.Add) and isinstance(left, (str, list)) and type(left) is type(right):
        fits = len(left) + len(right) <= _LONGEST
        return left + right if fits else None  # type: ignore[operator]  # two texts, or two lists
    if isinstance(left, int) and isinstance(right, int) and type(operator) in _ARITHMETIC:
        return _ARITHMETIC[type(operator)](left, right)
    return None


def _formatted(template: str, arguments: list[object], named: Mapping[str, object]) -> str | None:
    """Return `"s3://{}/{name}".format(a, name=b)`, where the fields are empty or plain numbers and names."""
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        return None
    for _, name, layout, _ in fields:
        if name is not None and (
            not (name == "" or name.isidentifier() or name.isdecimal()) or len(layout or "") > _LONGEST_LAYOUT
        ):
            return None
    return _or_none(lambda: template.format(*arguments, **named))


def _or_none(make: Callable[[], str]) -> str | None:
    try:
        text = make()
    except (ValueError, TypeError, KeyError, IndexError, OverflowError):
        return None
    return text if len(text) <= _LONGEST else None
