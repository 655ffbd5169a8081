"""Counting lines, by the compiled line work where it is there."""

from __future__ import annotations

try:
    from batch_transform.engine import _line_work
except ImportError:
    _line_work = None  # type: ignore[assignment]  # a machine without a compiler

compiled = _line_work
"""The compiled line work, None where it is not there."""


def newlines(text: bytes, start: int = 0, end: int | None = None) -> int:
    """Count the newlines of a part of a text."""
    end = len(text) if end is None else end
    return text.count(b"\n", start, end) if compiled is None else compiled.count(text, start, end)
