"""Which record it was: the line that the data log gets beyond AWS's own."""

from __future__ import annotations

_SHOWN = 60  # bytes of a record, enough to know it by


def place(line: int, unit: str = "line") -> str:
    """Name a line of an object, or a record of another unit; number 0 is the object as a whole."""
    return f"{unit} {line} of the object" if line else "the whole object"


def record_at(line: int, record: bytes, advice: str, unit: str = "line") -> str:
    """Say which record is meant, how it begins, and what to do."""
    shown = record[:_SHOWN].decode("utf-8", "replace")
    more = "..." if len(record) > _SHOWN else ""
    return f"this is {place(line, unit)}, which begins {shown!r}{more}; {advice}"
