"""Numbers and lists of things, as messages write them."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, word: str) -> str:
    """Return such as `1 column` and `2,000 columns`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def listed(names: Sequence[object], most: int = 8) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(map(str, names[:most])) + (f" and {more:,} more" if more > 0 else "")
