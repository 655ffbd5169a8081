"""Prints problems on standard error."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import click

from batch_transform.job.errors import Problem
from batch_transform.job.files.regular_file import read_file
from batch_transform.job.values.wording import counted

_COLOUR = {"error": "red", "warning": "yellow"}
_TAB = "    "
_WIDEST_EXCERPT = 160


def report_problems(problems: Sequence[Problem]) -> None:
    """Print each problem, and a line with the counts. On a terminal, also show the file's line with a caret."""
    on_terminal = sys.stderr.isatty()
    for problem in problems:
        click.echo(_headline(problem, shutil.get_terminal_size().columns if on_terminal else None), err=True)
        if on_terminal:
            click.echo("".join(f"{line}\n" for line in _excerpt(problem)), err=True)
    click.echo(count_line(problems), err=True)


def count_line(problems: Sequence[Problem]) -> str:
    """Return a text such as `2 errors and 1 warning in 2 files`."""
    errors = sum(problem.is_error for problem in problems)
    counts = [
        counted(number, word)
        for number, word in ((errors, "error"), (len(problems) - errors, "warning"))
        if number
    ]
    files = {problem.path for problem in problems if problem.path}
    where = f" in {counted(len(files), 'file')}" if files else ""
    return f"{' and '.join(counts)}{where}"


def _headline(problem: Problem, columns: int | None) -> str:
    """Return the problem on one line, or wrapped to `columns`."""
    where = f"{_printed(problem.path)}:{problem.line}:{problem.column}: " if problem.path else ""
    kind = f"{problem.severity} {problem.code}"
    field, message = _printed(problem.field), _printed(problem.message)
    if columns is not None:
        indent = " " * len(f"{where}{kind}: {field}: ")
        wrapper = textwrap.TextWrapper(
            columns,
            initial_indent=indent,
            subsequent_indent="  ",
            break_on_hyphens=False,
            break_long_words=False,
        )
        message = wrapper.fill(message).removeprefix(indent)
    styled_kind = click.style(kind, fg=_COLOUR[problem.severity], bold=True)
    return f"{click.style(where, bold=True)}{styled_kind}: {click.style(field, bold=True)}: {message}"


def _excerpt(problem: Problem) -> list[str]:
    lines = _lines_of(problem.path) if problem.path else ()
    if not 0 < problem.line <= len(lines):
        return []
    text = lines[problem.line - 1]
    before = _printed(text[: problem.column - 1])
    number = f"{problem.line:>5}"
    bar = click.style(" | ", dim=True)
    caret = click.style("^", fg=_COLOUR[problem.severity], bold=True)
    return [
        f"{click.style(number, dim=True)}{bar}{_printed(text)[:_WIDEST_EXCERPT]}",
        f"{' ' * len(number)}{bar}{' ' * _width(before)}{caret}",
    ]


@cache
def _lines_of(path: str) -> tuple[str, ...]:
    """Return the file's lines as YAML counts them; () if the file cannot be read, which is a problem of its own."""
    try:
        return tuple(read_file(Path(path)).decode("utf-8-sig").split("\n"))
    except (OSError, UnicodeDecodeError):
        return ()


def _printed(text: str) -> str:
    """Return the text without control characters, which a terminal would act on."""
    return "".join(
        character if character.isprintable() else "?" for character in text.rstrip("\r").replace("\t", _TAB)
    )


def _width(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
