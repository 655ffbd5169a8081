"""The three media types that filters and joins work on."""

from __future__ import annotations

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
FILTERABLE = (CSV, JSON, JSON_LINES)


def media_type(text: str | None) -> str | None:
    """Return the type without its parameters, in lower case: `text/csv` for `text/csv; charset=utf-8`."""
    return None if text is None else text.partition(";")[0].strip().lower()
