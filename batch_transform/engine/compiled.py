"""The part of the engine that is written in C (the folder `c`), if it was compiled.

It is many times as fast as Python, and optional: setuptools builds it if there is a C compiler.
"""

from __future__ import annotations

try:
    from batch_transform.engine import _compiled
except ImportError:
    _compiled = None  # type: ignore[assignment]  # built without a compiler

module = _compiled
"""The C module; None if it wasn't compiled."""


def is_compiled() -> bool:
    """Return whether the C module is there."""
    return module is not None


def newlines(text: bytes, start: int = 0, end: int | None = None) -> int:
    """Count the newlines of a part of a text."""
    end = len(text) if end is None else end
    return text.count(b"\n", start, end) if module is None else module.newlines(text, start, end)
