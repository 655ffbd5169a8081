"""Descriptions that the console shows, within the limits of each service."""

from __future__ import annotations

import re

# API references: CreateRole, CreateFunction, CreateSchedule, PutRule.
OF_ROLE, OF_FUNCTION, OF_SCHEDULE, OF_RULE = 1000, 256, 512, 512

_NOT_IN_A_ROLE = re.compile(r"[^\t\n\r\x20-\x7e\xa1-\xff]")


def within(longest: int, text: str) -> str:
    """Return the text, truncated if it is too long: it may hold a construct's path, which has no limit."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def of_role(text: str) -> str:
    """Return a role's description, which may hold Latin-1 characters only (IAM API reference, CreateRole)."""
    return _NOT_IN_A_ROLE.sub("?", text)[:OF_ROLE]
