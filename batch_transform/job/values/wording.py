"""Numbers, lengths of time, lists and values, as messages write them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

_LONGEST_SHOWN = 60
_LONGEST_PAGE = 300

_PAGE = re.compile(r"<(?:!doctype\s+html|html)\b.*?(?:</html\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title\s*>", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"<(title|script|style)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def counted(number: int, word: str) -> str:
    """Return `1 column` or `2,000 columns`, for example."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def listed(names: Sequence[object], most: int = 8) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(map(str, names[:most])) + (f" and {more:,} more" if more > 0 else "")


def shown(value: object) -> str:
    """Return a value as messages show it: strings in quotes, long ones cut, with their length."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        start = "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode()
            for character in value[:_LONGEST_SHOWN]
        )
        return f"'{start}'" if len(value) <= _LONGEST_SHOWN else f"'{start}…' ({len(value)} characters)"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return "nothing" if value is None else str(value)


def without_html(text: str) -> str:
    """Return a text in which an HTML page, which servers answer with an error, is what a browser shows of it.

    The page goes to its end or, if it has none, to the end of the text. It is cut after 300 characters.
    """
    return _PAGE.sub(lambda page: _words_of(page[0]), text)


def _words_of(page: str) -> str:
    title = _TITLE.search(page)
    body = _HIDDEN.sub(" ", page)
    words = " ".join(html.unescape(_TAG.sub(" ", body)).split())
    heading = " ".join(html.unescape(title[1]).split()) if title else ""
    said = f"{heading}: {words}" if heading and words and heading not in words else words or heading
    return said if len(said) <= _LONGEST_PAGE else f"{said[:_LONGEST_PAGE]}…"


def length_text(span: timedelta) -> str:
    """Return `1 h 10 min 14 s`, for example, to the second."""
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
