"""How long a function may still work, so that it returns what it has before Lambda ends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class TimeBudget:
    """Time until `ends`, in seconds of `clock`, which never goes backwards."""

    ends: float
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def of(cls, context: Any, *, kept_seconds: float) -> TimeBudget:
        """Return the time that Lambda gives this call, but for `kept_seconds` at its end.

        `context` is the one of the handler. What is kept is for the last call of AWS, which may have begun just before
        the budget ended, and for whatever comes after that.
        """
        return cls(time.monotonic() + context.get_remaining_time_in_millis() / 1000 - kept_seconds)

    @property
    def is_over(self) -> bool:
        """Whether nothing more should be started."""
        return self.clock() >= self.ends

    def but(self, seconds: float) -> TimeBudget:
        """Return a budget that ends so many seconds before this one."""
        return replace(self, ends=self.ends - seconds)

    def part(self, seconds: float) -> TimeBudget:
        """Return a budget of at most so many seconds from now, which ends with this one at the latest."""
        return replace(self, ends=min(self.ends, self.clock() + seconds))
