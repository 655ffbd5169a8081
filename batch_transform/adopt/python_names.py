"""Names in Python code: where they are set, and what changes the dict or list that they refer to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

_SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_MAY_NOT_RUN = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.ExceptHandler, ast.Match)
_LOOPS = (
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
_CHANGING = frozenset(
    {
        "append",
        "clear",
        "extend",
        "insert",
        "pop",
        "popitem",
        "remove",
        "reverse",
        "setdefault",
        "sort",
        "update",
        "__delitem__",
        "__setitem__",
    }
)


@dataclass(frozen=True)
class Change:
    """`name[keys] = value`. Without keys, the whole value may have changed; without a value, the new one is unknown."""

    node: ast.AST
    keys: tuple[str, ...]
    value: ast.expr | None


class Names:
    """Finds what a name refers to, looking in the enclosing function first, as Python does."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        self._bindings: dict[tuple[ast.AST, str], list[ast.expr | None]] = {}
        self._changes: dict[tuple[ast.AST, str], list[Change]] = {}
        for node in ast.walk(tree):
            self._note_bindings(node)
        for node in ast.walk(tree):
            self._note_changes(node)

    def expression(self, node: ast.Name) -> ast.expr | None:
        """Return what a name is set to; None if a loop, a condition or a caller sets it, or nothing does.

        If it is set several times in sequence, for example cell by cell, the last value before the use counts.
        """
        home = self._home(node)
        found = self._bindings.get((home, node.id), [])
        if len(found) == 1:
            return found[0]
        if home is not self._scope(node) or any(value is None or self.may_not_run(value) for value in found):
            return None
        before = [value for value in found if value is not None and is_before(value, node)]
        return max(before, key=_position, default=None)

    def changes(self, node: ast.Name) -> Iterator[Change]:
        """Yield the changes to the value of a name before this use of it."""
        home, value = self._home(node), self.expression(node)
        for change in self._changes.get((home, node.id), ()):
            is_of_an_earlier_value = value is not None and is_before(change.node, value)
            if home is not self._scope(node) or (is_before(change.node, node) and not is_of_an_earlier_value):
                yield change

    def attribute_values(self, node: ast.Attribute) -> list[ast.expr]:
        """Return everything that is assigned to an attribute, such as `self.transformer`."""
        text = ast.unparse(node)
        assigned = (one for one in ast.walk(self._tree) if isinstance(one, ast.Assign))
        return [one.value for one in assigned if any(ast.unparse(target) == text for target in one.targets)]

    def set_attributes(self, name: ast.expr, before: ast.AST) -> Iterator[tuple[str, ast.expr, bool]]:
        """Yield what is assigned to a name's attributes before a node, and whether each assignment always runs."""
        value = self.expression(name) if isinstance(name, ast.Name) else None
        for node in ast.walk(self._tree) if isinstance(name, ast.Name) else ():
            for target in node.targets if isinstance(node, ast.Assign) else ():
                if (
                    isinstance(target, ast.Attribute)
                    and isinstance(target.value, ast.Name)
                    and target.value.id == cast("ast.Name", name).id
                    and is_before(node, before)
                    and (value is None or not is_before(node, value))
                ):
                    yield target.attr, cast("ast.Assign", node).value, not self.may_not_run(node)

    def is_repeated(self, node: ast.AST) -> bool:
        """Whether a node is in a loop of its function."""
        return any(isinstance(above, _LOOPS) for above in self._above(node))

    def may_not_run(self, node: ast.AST) -> bool:
        """Whether a statement is under a condition or in a loop of its function."""
        return any(isinstance(above, _MAY_NOT_RUN) for above in self._above(node))

    def _above(self, node: ast.AST) -> Iterator[ast.AST]:
        while (node := self._parents.get(node, self._tree)) is not self._tree:
            if isinstance(node, _SCOPES):
                return
            yield node

    def _scope(self, node: ast.AST) -> ast.AST:
        while (node := self._parents.get(node, self._tree)) is not self._tree:
            if isinstance(node, _SCOPES):
                return node
        return self._tree

    def _bind(self, scope: ast.AST, name: str, value: ast.expr | None = None) -> None:
        self._bindings.setdefault((scope, name), []).append(value)

    def _note_bindings(self, node: ast.AST) -> None:
        scope = self._scope(node)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            parent = self._parents[node]
            simple = (isinstance(parent, ast.Assign) and node in parent.targets) or (
                isinstance(parent, ast.AnnAssign) and parent.target is node
            )
            self._bind(scope, node.id, parent.value if simple else None)  # type: ignore[attr-defined]  # both have one
        elif isinstance(node, ast.arg):
            self._bind(self._scope(node), node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._bind(scope, node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                self._bind(scope, (alias.asname or alias.name).partition(".")[0])
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            for name in node.names:  # set here and elsewhere
                self._bind(scope, name)
                self._bind(self._tree, name)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            self._bind(scope, node.name)

    def _home(self, node: ast.Name) -> ast.AST:
        scope = self._scope(node)
        while (scope, node.id) not in self._bindings and scope is not self._tree:
            scope = self._scope(scope)
        return scope

    def _note_changes(self, node: ast.AST) -> None:
        """Note changes to the dict that a name refers to."""
        targets: list[ast.expr] = []
        value: ast.expr | None = None
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        elif isinstance(node, ast.Delete):
            targets = node.targets
        elif isinstance(node, ast.Call):
            self._note_method(node)
        for target in targets:
            if isinstance(target, ast.Subscript):
                root, keys = _subscripts(target)
                if isinstance(root, ast.Name):
                    self._change(root, Change(node, keys, value))

    def _note_method(self, node: ast.Call) -> None:
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in _CHANGING:
            return
        root, keys = _subscripts(node.func.value)
        if not isinstance(root, ast.Name):
            return
        if node.func.attr == "update" and len(node.args) <= 1:
            given: list[tuple[ast.expr | None, ast.expr]] = []
            for argument in node.args:
                given += (
                    list(zip(argument.keys, argument.values, strict=True))
                    if isinstance(argument, ast.Dict)
                    else [(None, argument)]
                )
            given += [(ast.Constant(keyword.arg), keyword.value) for keyword in node.keywords if keyword.arg]
            for key, value in given:
                name = key.value if isinstance(key, ast.Constant) else None
                self._change(root, Change(node, (*keys, name) if isinstance(name, str) else (), value))
        else:
            self._change(root, Change(node, (), None))

    def _change(self, root: ast.Name, change: Change) -> None:
        self._changes.setdefault((self._home(root), root.id), []).append(change)


def is_before(one: ast.AST, other: ast.AST) -> bool:
    """Whether one node comes before another in the code."""
    return _position(one) < _position(other)


def _position(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]  # statements and expressions have both


def _subscripts(node: ast.expr) -> tuple[ast.expr, tuple[str, ...]]:
    """Return the root and the keys of `root["a"]["b"]`; no keys if one of them isn't a constant string."""
    keys: list[str] = []
    is_known = True
    while isinstance(node, ast.Subscript):
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        is_known = is_known and isinstance(key, str)
        keys.insert(0, str(key))
        node = node.value
    return node, tuple(keys) if is_known else ()
