"""What `make run` prints, as a picture of a terminal; and its shape, by which a test finds a stale one."""

from __future__ import annotations

import io
import re
from html import unescape

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

WIDTH = 72
_LABEL_WIDTH = 10
_TABLE = frozenset("┏┃┡└│")


def _theme(page: str, text: str, *colours: str) -> TerminalTheme:
    """A page, its text, and red, green, yellow, blue, magenta, cyan and grey."""
    parsed = [(int(each[:2], 16), int(each[2:4], 16), int(each[4:], 16)) for each in (page, text, *colours)]
    return TerminalTheme(parsed[0], parsed[1], parsed[1:])


_LIGHT = _theme("f6f8fa", "1f2328", "cf222e", "1a7f37", "9a6700", "0969da", "8250df", "1b7c83", "59636e")
_DARK = _theme("151b23", "f0f6fc", "ff7b72", "3fb950", "d29922", "58a6ff", "bc8cff", "39c5cf", "9198a1")
THEMES = {"light": _LIGHT, "dark": _DARK}
# That of rich without its web font, its window and its title: a picture in a page loads nothing.
_FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" class="rich-terminal" viewBox="0 0 {width} {height}" role="img" \
aria-label="What make run prints">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def picture(output: str, theme: str) -> str:
    """Return what `make run` printed as an SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), legacy_windows=False, force_terminal=True)
    console.print(Text.assemble(("$ ", "dim"), ("make run", "bold")))
    for line in output.splitlines():
        console.print(_styled(line), no_wrap=True, overflow="ellipsis", crop=True)
    drawn = console.export_svg(title="", theme=THEMES[theme], code_format=_FORMAT, unique_id="run")
    return re.sub(
        r"<g transform=\"translate\(26,22\)\">.*?</g>", "", drawn, flags=re.DOTALL
    )  # the window's buttons


def _styled(line: str) -> Text:
    label = line[:_LABEL_WIDTH]
    if line[:1] in _TABLE or not label.strip() or line.startswith("first "):
        return Text(line, "bold" if line[:1] == "┃" else "")
    rest, gap, took = line[_LABEL_WIDTH:].rpartition("  ")
    if not re.fullmatch(r"[\d.]+ s", took):
        rest, gap, took = line[_LABEL_WIDTH:], "", ""
    return Text.assemble((label, "bold cyan"), rest, (gap + took, "dim"))


def shown(drawn: str) -> str:
    """Return the lines of such a picture as text, after the command."""
    rows: dict[str, str] = {}
    for y, text in re.findall(r'<text[^>]* y="([\d.]+)"[^>]*>(.*?)</text>', drawn, re.DOTALL):
        rows[y] = rows.get(y, "") + unescape(text).replace("\N{NO-BREAK SPACE}", " ")
    lines = [rows[y].rstrip() for y in sorted(rows, key=float)]
    return "\n".join(lines[1:])


def shape(output: str) -> list[str]:
    """Return what every run prints alike: the words, without numbers, times, ids and the cells of the table.

    A line is cut where the picture ends; how often the progress of the job is printed depends on the machine.
    """
    found: list[str] = []
    for line in output.splitlines():
        if line.startswith("│"):
            continue
        words = re.sub(r"\S*\d\S*", "#", line[: WIDTH - 1].rstrip("…"))
        words = re.sub(r"\s+", " ", re.sub(r"#(?: #)*", "#", re.sub(r"[┏━┳┓┡╇┩└─┴┘]+", "-", words))).strip()
        if words and not words.startswith("job "):
            found.append(" ".join(words.split()[:3]))
    return found
