"""Reads Python from a script, a notebook, or a Markdown note with code blocks. It is parsed and never run.

Parts that cannot be read are reported with their place, and the rest is read.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from batch_transform.job.errors import InputError

_MARKDOWN_FILES = (".md", ".markdown", ".mdx", ".qmd", ".rmd")
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_PYTHON_BLOCKS = frozenset(
    {"python", "py", "python3", "ipython", "ipython3", "pycon", "code-cell", "jupyter"}
)
_OTHER_LANGUAGES = frozenset(
    {
        "!",
        "bash",
        "bigquery",
        "cmd",
        "file",
        "html",
        "javascript",
        "js",
        "julia",
        "latex",
        "markdown",
        "perl",
        "r",
        "ruby",
        "script",
        "sh",
        "sql",
        "svg",
        "sx",
        "system",
        "writefile",
    }
)
"""Cell magics whose cells don't run as Python in the notebook."""
_RUNS_ITS_LINE = re.compile(r"(\s*)%(?:time|timeit|prun|memit|mprun|lprun)\b(?:\s+-\S+)*\s*(.*)")
_MAGIC_VALUE = re.compile(r"(\s*[\w., ]+=\s*)[!%]")
_PROMPT = re.compile(r"^(?:>>>|\.\.\.)(?: |$)")
_WIDEST_LINE = 100_000  # characters; nodes moved onto one line keep their order by column
_MAY_START_A_JOB = re.compile(r"transform", re.IGNORECASE)


@dataclass(frozen=True)
class Code:
    """A parsed source. `unread` lists the parts that could not be read, each with its place."""

    tree: ast.Module
    origin: str
    unread: tuple[str, ...] = ()
    _places: Sequence[str] = field(default=(), repr=False)

    def place(self, node: ast.AST) -> str:
        """Return the place of a node as a user finds it: file and line, or cell and line."""
        line: int = getattr(node, "lineno", 0)
        return self._places[line - 1] if 0 < line <= len(self._places) else self.origin


def read_code(text: str, origin: str) -> Code:
    """Read a script, a notebook or a Markdown note. Raises InputError if a script is not valid Python."""
    text = text.replace("\r\n", "\n")
    parts = _Parts(origin)
    notebook = _notebook(text, origin)
    if notebook is not None:
        for number, cell in enumerate(_cells(notebook), 1):
            if cell.get("cell_type") == "code":
                source = cell.get("source", cell.get("input", ""))
                lines = ("".join(source) if isinstance(source, list) else str(source)).split("\n")
                parts.add(lines, [f"{origin}, cell {number}, line {at}" for at in range(1, len(lines) + 1)])
        return parts.code()
    if _is_markdown(text, origin):
        for block, first_line, is_python in _blocks(text):
            lines = block.split("\n")
            places = [f"{origin}:{at}" for at in range(first_line, first_line + len(lines))]
            parts.add(lines, places, is_surely_python=is_python)
        return parts.code()
    lines = text.split("\n")
    parts.add(lines, [f"{origin}:{at}" for at in range(1, len(lines) + 1)])
    if parts.unread:
        raise InputError(parts.unread[0])
    return parts.code()


class _Parts:
    """Collects pieces of Python, each of which parses by itself, and records where their lines come from."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._lines: list[str] = []
        self._places: list[str] = []
        self.unread: list[str] = []

    def add(self, lines: list[str], places: list[str], *, is_surely_python: bool = True) -> None:
        """Add a piece; one that is not Python is left out, or noted as unread."""
        magic, lines = _without_cell_magics(lines)
        if magic in _OTHER_LANGUAGES:
            return
        try:
            readable = _readable(lines)
        except SyntaxError as error:
            at = min(max((error.lineno or 1) - 1, 0), len(places) - 1)
            if is_surely_python or _MAY_START_A_JOB.search("\n".join(lines)):
                self.unread.append(f"{places[at]}: is not valid Python ({error.msg}), so it was not read")
            return
        except (ValueError, RecursionError, MemoryError) as error:
            self.unread.append(f"{places[0]}: cannot be read as Python ({error})")
            return
        self._lines += readable
        self._places += places

    def code(self) -> Code:
        tree = _Exported().visit(_parsed("\n".join(self._lines)))
        return Code(tree, self._origin, tuple(self.unread), self._places)


class _Exported(ast.NodeTransformer):
    """Restores cells with magics, which a notebook exported as a script contains as strings.

    All code of such a cell is placed on the line of the string.
    """

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        """Replace `get_ipython().run_cell_magic("time", "", "...")`."""
        match node.value:
            case ast.Call(
                func=ast.Attribute(attr="run_cell_magic"),
                args=[ast.Constant(value=str(magic)), _, ast.Constant(value=str(text))],
            ) if magic.lower() not in _OTHER_LANGUAGES:
                pass
            case _:
                return node
        try:
            cell = _parsed("\n".join(_readable(text.split("\n"))))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return node
        for part in ast.walk(cell):
            if isinstance(part, (ast.stmt, ast.expr, ast.keyword, ast.arg)):
                part.col_offset += part.lineno * _WIDEST_LINE
                part.end_col_offset = (part.end_col_offset or 0) + (part.end_lineno or 0) * _WIDEST_LINE
                part.lineno = part.end_lineno = node.lineno
        return cell.body


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():  # warnings about, for example, "\d" matter only to whoever runs the code
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _readable(lines: list[str]) -> list[str]:
    """Return the same number of lines without IPython syntax: only lines that Python cannot parse are changed."""
    lines = textwrap.dedent("\n".join(lines)).split(
        "\n"
    )  # IPython accepts a cell that is indented as a whole
    while (error := _fault(lines)) is not None:
        at = (error.lineno or 0) - 1
        if not 0 <= at < len(lines) or not _replace_magic(lines, at):
            raise error
    return lines


def _fault(lines: list[str]) -> SyntaxError | None:
    try:
        _parsed("\n".join(lines))
    except SyntaxError as error:
        return error
    return None


def _replace_magic(lines: list[str], at: int) -> bool:
    """Replace a line magic and the lines that continue it; return whether there was one."""
    line = lines[at]
    stripped = line.strip()
    margin = line[: len(line) - len(line.lstrip())]
    if found := _MAGIC_VALUE.match(line):
        becomes = f"{found[1]}get_ipython()"  # a value that is known only when the code runs
    elif (found := _RUNS_ITS_LINE.match(line)) and found[2]:
        becomes = f"{found[1]}{found[2]}"
    elif stripped.startswith(("%", "!", "?")) or stripped.endswith("?"):
        becomes = f"{margin}pass"
    else:
        return False
    lines[at] = becomes
    while line.endswith("\\") and at + 1 < len(lines):
        at += 1
        line, lines[at] = lines[at], ""
    return True


def _without_cell_magics(lines: list[str]) -> tuple[str, list[str]]:
    """Return the last of the leading cell magics, and the lines with all of them blanked."""
    lines, magic = list(lines), ""
    for at, line in enumerate(lines):
        if not line.strip():
            continue
        found = re.match(r"\s*%%(!|\w+)", line)
        if found is None:
            break
        magic, lines[at] = found[1].lower(), ""
    return magic, lines


def _notebook(text: str, origin: str) -> dict[str, Any] | None:
    """Return the text parsed as a notebook; None for other text. Raises InputError for other JSON."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None  # a set or a dict in Python
    if not isinstance(document, dict) or not isinstance(
        document.get("cells", document.get("worksheets")), list
    ):
        raise InputError(f"{origin}: is JSON, but not a notebook; leave out --from-sdk for a request in JSON")
    return document


def _cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the cells, which were in worksheets before nbformat 4."""
    sheets = [notebook] if "cells" in notebook else notebook["worksheets"]
    for sheet in sheets:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        yield from (cell if isinstance(cell, dict) else {} for cell in cells or ())


def _is_markdown(text: str, origin: str) -> bool:
    if PurePath(origin).suffix.lower() in _MARKDOWN_FILES:
        return True
    if not _FENCE.search(text):
        return False
    try:
        _readable(text.split("\n"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return False


def _blocks(text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield each code block with its first line in the file, and whether it is marked as Python."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - slow to import, and not needed for a script

    for token in MarkdownIt("commonmark").parse(text):
        if token.type not in {"fence", "code_block"} or token.map is None:
            continue
        language = (token.info.split() or [""])[0].strip("{}.").lower()
        if language and language not in _PYTHON_BLOCKS:
            continue
        content = token.content.removesuffix("\n")
        if any(line.startswith(">>> ") for line in content.split("\n")):
            content = _typed(content)
        yield content, token.map[0] + (2 if token.type == "fence" else 1), bool(language)


def _typed(session: str) -> str:
    """Return the input of an interactive session, with a blank line for each line of output."""
    lines = session.split("\n")
    return "\n".join(_PROMPT.sub("", line) if _PROMPT.match(line) else "" for line in lines)
