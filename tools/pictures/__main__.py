"""`make pictures`: write every picture again. `recording` as the argument runs the example, too, and records it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.pictures.pages import PICTURES, PROJECT, blocks, drawings, with_blocks
from tools.pictures.recording import THEMES, picture


def main(arguments: list[str]) -> None:
    """Write the drawings and the blocks of the pages, and, if asked for, the recording."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, drawn in drawings().items():
        _write(PICTURES / name, drawn)
    for page, made in blocks().items():
        _write(page, with_blocks(page.read_text(encoding="utf-8"), made))
    if "recording" in arguments:
        _make("model")  # which installs and trains: the recording is of a later run
        printed = _make("run")
        for theme in THEMES:
            _write(PICTURES / f"run-{theme}.svg", picture(printed, theme))


def _make(target: str) -> str:
    command = ["/usr/bin/env", "make", "--silent", target]
    return subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True).stdout


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(PROJECT)}\n")


main(sys.argv[1:])
