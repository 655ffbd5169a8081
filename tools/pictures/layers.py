"""The layers as Mermaid text, from the imports of every module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_ROOTS = ("batch_transform", "constructs_lib/batch_transform_cdk", "batch_transform_nag", "stacks", "lambda")
_PACKAGES = ("batch_transform", "batch_transform_cdk", "batch_transform_nag", "stacks")


def layers(project: Path) -> str:
    """Draw what imports what: one box per package of `batch_transform`, and one for each other package.

    An import that a longer way has too is left out, so that the picture shows the order and not every line.
    """
    edges: dict[str, set[str]] = {}
    for folder in _ROOTS:
        for path in sorted((project / folder).rglob("*.py")):
            inside = path.relative_to(project)
            if inside.parts[:2] in {("batch_transform", "templates"), ("batch_transform", "__init__.py")}:
                continue
            importer = _part(inside.with_suffix("").parts)
            found = edges.setdefault(importer, set())
            found |= {part for part in _imported(path) if part != importer}
    lines = ["flowchart TD"]
    lines += [f'    {_id(part)}["{part}"]' for part in sorted(edges)]
    for part in sorted(edges):
        lines += [f"    {_id(part)} --> {_id(other)}" for other in sorted(_direct(part, edges))]
    return "\n".join(lines)


def _part(names: tuple[str, ...]) -> str:
    if names[0] == "constructs_lib":
        names = names[1:]
    if names[0] == "batch_transform" and len(names) > 1:
        return names[1]
    return names[0]


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names] if "." not in module else [module]
        else:
            continue
        for name in names:
            parts = tuple(name.split("."))
            if parts[0] in _PACKAGES and (parts[0] != "batch_transform" or len(parts) > 1):
                yield _part(parts)


def _direct(part: str, edges: dict[str, set[str]]) -> set[str]:
    """The parts that no other imported part leads to."""
    others = edges[part]
    return {
        other for other in others if not any(other in _reached(way, edges) for way in others if way != other)
    }


def _reached(part: str, edges: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [part]
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _id(part: str) -> str:
    return f"part_{part}"  # `end` and others are words of Mermaid
