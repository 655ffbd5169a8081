"""Boxes, arrows and captions as SVG, in the colours of GitHub's light and dark pages.

A picture is 640 units wide with text of 15 to 18 units, so that it can be read on a phone as well as on a desktop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 640
_FONT = "-apple-system, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif"
_MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


@dataclass(frozen=True)
class Theme:
    """The colours of one picture."""

    name: str
    text: str
    quiet: str
    line: str
    box: str
    border: str
    strong_box: str
    strong_border: str


LIGHT = Theme("light", "#1f2328", "#59636e", "#59636e", "#f6f8fa", "#c5ccd3", "#ddf4ff", "#54aeff")
DARK = Theme("dark", "#f0f6fc", "#9198a1", "#9198a1", "#151b23", "#3d444d", "#0c2d52", "#388bfd")
THEMES = (LIGHT, DARK)

Drawing = Callable[[Theme], str]
Place = tuple[int, int, int, int]
"""The left and the top edge, width and height."""


def document(drawing: Drawing, theme: Theme, *, height: int, title: str) -> str:
    """Return the whole SVG; `title` is what a screen reader says."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}" font-family="{escape(_FONT)}">\n'
        f"<title>{escape(title)}</title>\n"
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{theme.line}"/></marker></defs>\n'
        f"{drawing(theme)}\n</svg>\n"
    )


def box(theme: Theme, place: Place, title: str, lines: Sequence[str] = (), *, strong: bool = False) -> str:
    """A rounded box with a title, and lines below it; a line in backticks is code."""
    x, y, width, height = place
    fill, border = (theme.strong_box, theme.strong_border) if strong else (theme.box, theme.border)
    middle = x + width / 2
    top = y + height / 2 - len(lines) * 10.5 + 6
    parts = [
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{fill}" '
        f'stroke="{border}" stroke-width="1.5"/>',
        f'<text x="{middle:g}" y="{top:g}" text-anchor="middle" font-size="18" font-weight="600" '
        f'fill="{theme.text}">{escape(title)}</text>',
    ]
    for number, line in enumerate(lines, 1):
        parts.append(caption(theme, middle, top + 21 * number, line))
    return "\n".join(parts)


def frame(theme: Theme, place: Place) -> str:
    """A dashed frame around what belongs together."""
    x, y, width, height = place
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="10" fill="none" stroke="{theme.border}" '
        'stroke-width="1.5" stroke-dasharray="6 4"/>'
    )


def caption(theme: Theme, x: float, y: float, line: str, *, anchor: str = "middle") -> str:
    """A line of quiet text; in backticks it is code."""
    is_code = line.startswith("`")
    font = f' font-family="{escape(_MONO)}"' if is_code else ""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{15 if is_code else 16}"{font} '
        f'fill="{theme.quiet}">{escape(line.strip("`"))}</text>'
    )


def arrow(theme: Theme, *points: tuple[int, int], dashed: bool = False) -> str:
    """A line through the points, with a tip at its end."""
    path = " ".join(f"{x},{y}" for x, y in points)
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{theme.line}" stroke-width="1.8"{dash} '
        'stroke-linejoin="round" marker-end="url(#tip)"/>'
    )
