"""Makes a model's error response readable."""

from __future__ import annotations

import re
from dataclasses import dataclass

from batch_transform.engine.interfaces import Answer

_TRACEBACK = "Traceback (most recent call last):"
_LOG_LINE = re.compile(r"\[?\d{4}-\d\d-\d\d[ T]|\d{1,3}(\.\d{1,3}){3} ")
_MOST_LINES = 40
_LONGEST = 500


@dataclass(frozen=True)
class ModelMessage:
    """A readable error: `headline` is the line to read first, `details` the whole text if it has more lines."""

    headline: str
    details: tuple[str, ...] = ()


def model_message(answer: Answer) -> ModelMessage:
    """Read the body of an error response. The headline is a traceback's exception, or another text's first line."""
    lines = [line.rstrip() for line in answer.body.decode("utf-8", "replace").splitlines()]
    filled = [line for line in lines if line]
    if not filled:
        return ModelMessage("the response has no body")
    details = tuple(_ends(lines)) if len(filled) > 1 else ()
    return ModelMessage(_exception(lines) or filled[0].strip(), details)


def _exception(lines: list[str]) -> str:
    """Return the exception of the last traceback in a text, on one line; "" if there is none."""
    starts = [at for at, line in enumerate(lines) if line.strip() == _TRACEBACK]
    if not starts:
        return ""
    margin = len(lines[starts[-1]]) - len(lines[starts[-1]].lstrip())
    below = [line[margin:] for line in lines[starts[-1] + 1 :]]
    at = next((at for at, line in enumerate(below) if line and not line.startswith(" ")), len(below))
    parts: list[str] = []
    for line in below[at:]:
        if _LOG_LINE.match(line):
            break  # the server's own log continues here
        parts.append(line.strip())
    text = " ".join(filter(None, parts))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _ends(lines: list[str]) -> list[str]:
    """Return the lines; for a long text, only the first and last ones."""
    while lines and not lines[-1]:
        lines = lines[:-1]
    if len(lines) <= _MOST_LINES:
        return lines
    half = _MOST_LINES // 2
    return [*lines[:half], f"... {len(lines) - 2 * half} more lines ...", *lines[-half:]]
