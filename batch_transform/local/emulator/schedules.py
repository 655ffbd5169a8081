"""EventBridge Scheduler: schedules are looked at often enough to wait for them."""

from __future__ import annotations

from ministack.services import scheduler  # type: ignore[import-untyped]  # it has no types

TICK_SECONDS = 0.5
"""The emulator looks every 10 s."""


def plug_in() -> None:
    """Shorten the tick; the emulator's thread reads it before each pause."""
    scheduler._SCHEDULE_TICK_INTERVAL = TICK_SECONDS
