"""Which pictures and printed examples there are, and where they belong."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tools.pictures import data_path, flow
from tools.pictures.layers import layers
from tools.pictures.state_machine import state_machine
from tools.pictures.svg import THEMES, document

PROJECT = Path(__file__).resolve().parents[2]
PICTURES = PROJECT / "docs/pictures"
DESIGN = PROJECT / "docs/how-it-works/design.md"
COMMANDS = PROJECT / "docs/reference/commands.md"
_EXPLAIN = ("explain", "tumours", "--records", "1000000", "--rate", "2500", "--price", "0.115")
_BLOCK = "<!-- {name}: written by make pictures -->\n{text}\n<!-- {name}: end -->"


def drawings() -> dict[str, str]:
    """Each SVG that is drawn, by the name of its file."""
    found = {}
    for theme in THEMES:
        found[f"flow-{theme.name}.svg"] = document(flow.flow, theme, height=flow.HEIGHT, title=flow.TITLE)
        found[f"data-path-{theme.name}.svg"] = document(
            data_path.data_path, theme, height=data_path.HEIGHT, title=data_path.TITLE
        )
    return found


@cache
def blocks() -> dict[Path, dict[str, str]]:
    """The text of each block, by page and by the name between whose markers it stands."""
    return {
        DESIGN: {
            "layers": _fenced(layers(PROJECT), "mermaid"),
            "state machine": _fenced(state_machine(), "mermaid"),
        },
        COMMANDS: {"explain": _fenced(_explained(), "text")},
    }


def _explained() -> str:
    """The command and what it prints of the example, to the end of its first part."""
    command = [sys.executable, "-m", "batch_transform.cli.main", *_EXPLAIN]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    head, part, _ = done.stdout.partition("\n\nWhich files")
    if not part:
        raise ValueError("explain prints no part 'Which files'; name here the part that the page ends before")
    return f"batch-transform {' '.join(_EXPLAIN)}\n\n{head}"


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"


def with_blocks(page: str, made: Mapping[str, str]) -> str:
    """Return the page with what is made between its markers."""
    for name, text in made.items():
        pattern = rf"<!-- {name}: written by make pictures -->.*?<!-- {name}: end -->"
        before, *after = re.split(pattern, page, flags=re.DOTALL)
        if len(after) != 1:
            raise ValueError(
                f"the page has {len(after)} places for '{name}'; write one, between its two markers"
            )
        page = before + _BLOCK.format(name=name, text=text) + after[0]
    return page
