"""What the installed commands and constructs say to people."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SHIPPED = ("batch_transform", "batch_transform_nag", "constructs_lib", "lambda")


def said(source: str, *, with_help: bool) -> Iterator[tuple[int, str]]:
    """Yield the strings of a module that people may see, with their lines: `with_help`, docstrings of commands too."""
    tree = ast.parse(source)
    documented = {
        id(node.value)
        for parent in ast.walk(tree)
        for node in ast.iter_child_nodes(parent)
        if isinstance(node, ast.Expr) and not (with_help and isinstance(parent, ast.FunctionDef))
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.lineno, node.value


def test_no_message_names_a_page_by_a_path_that_an_installation_lacks(pytestconfig: pytest.Config) -> None:
    root = pytestconfig.rootpath
    found = [
        f"{path.relative_to(root)}:{line}"
        for folder in SHIPPED
        for path in (root / folder).rglob("*.py")
        if "templates" not in Path(path).parts
        for line, text in said(path.read_text(encoding="utf-8"), with_help="cli" in path.parts)
        if "docs/" in text and "aws.amazon.com" not in text
    ]
    assert found == []


def test_a_message_is_told_from_a_docstring() -> None:
    module = '"""docs/a"""\nraise ValueError("docs/b")\ndef f():\n    """docs/c"""\n'
    assert [text for _, text in said(module, with_help=False)] == ["docs/b"]
    assert [text for _, text in said(module, with_help=True)] == ["docs/b", "docs/c"]
