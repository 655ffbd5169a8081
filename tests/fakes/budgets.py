"""Time budgets of functions, with clocks that no test waits for."""

from __future__ import annotations

import itertools
import math

from time_budget import TimeBudget

PLENTY = TimeBudget(math.inf)
"""A budget that no test reaches the end of."""

NOTHING = TimeBudget(-math.inf)
"""A budget that is over."""


def looks(count: int) -> TimeBudget:
    """Return a budget that is over when its clock has been read `count` times, whatever the machine does."""
    readings = itertools.count()
    return TimeBudget(count, clock=lambda: float(next(readings)))
