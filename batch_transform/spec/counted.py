"""Numbers of things, as messages write them."""

from __future__ import annotations


def counted(number: int, word: str) -> str:
    """Return such as `1 column` and `2,000 columns`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
