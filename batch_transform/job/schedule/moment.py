"""A moment in UTC as EventBridge Scheduler takes it, such as `2026-12-01T00:00:00Z`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_FORM = re.compile(r"\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d(\.\d{1,6})?Z")  # Python 3.14 reads 24:00 too


def read_moment(text: str) -> datetime | None:
    """Return the moment, with its time zone; None where the text is none in this form."""
    return _read(text) if _FORM.fullmatch(text) else None


def near_moment(text: str) -> str | None:
    """Return in this form what the writer of another form of ISO 8601 meant; without an offset, UTC."""
    moment = _read(text.strip())
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> datetime | None:
    text = re.sub(r"\.\d+", "", text)  # the Scheduler starts nothing within a second
    try:
        moment = datetime.fromisoformat(text.upper())  # a small z is no zone to it
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
