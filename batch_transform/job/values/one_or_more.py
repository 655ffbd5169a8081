"""Fields that take one value or a list of them, and how their items are called.

An only item is called as the field itself, so that `triggers.schedule.cron` stands for what a file with one
schedule says; of several, each has its place, as `triggers.schedule[1].cron`.
"""

from __future__ import annotations

ONE_OR_MORE = frozenset({"transform.instance_type", "triggers.schedule", "notify.email"})
"""A job file gives one value, or a list of them; in Python they are always a tuple."""


def item_field(field: str, at: int, count: int) -> str:
    """Return what an item is called, the `at`th (from 0) of `count`."""
    return f"{field}[{at}]" if count > 1 or field not in ONE_OR_MORE else field
