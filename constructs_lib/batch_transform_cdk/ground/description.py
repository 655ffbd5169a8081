"""What people read in the console about a resource, as its service takes it."""

from __future__ import annotations

import re

# API references: CreateRole, CreateFunction, CreateSchedule, PutRule.
OF_ROLE, OF_FUNCTION, OF_SCHEDULE, OF_RULE = 1000, 256, 512, 512

_NOT_IN_A_ROLE = re.compile(r"[^\t\n\r\x20-\x7e\xa1-\xff]")


def within(longest: int, text: str) -> str:
    """Return the text, cut where it is too long: the path of a construct in it may have any length."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def of_role(text: str) -> str:
    """Return the description of a role, which may hold the letters of Latin-1 alone (IAM API reference, CreateRole)."""
    return _NOT_IN_A_ROLE.sub("?", text)[:OF_ROLE]
