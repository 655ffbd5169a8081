"""How long a function may still work."""

from __future__ import annotations

import math

from fakes.budgets import PLENTY
from time_budget import TimeBudget


class Context:
    """A call with three minutes left."""

    def get_remaining_time_in_millis(self) -> int:
        return 180_000


def test_a_budget_is_over_before_lambda_ends_the_call() -> None:
    assert TimeBudget.of(Context(), kept_seconds=181).is_over
    assert not TimeBudget.of(Context(), kept_seconds=0).is_over


def test_a_part_ends_with_the_whole_at_the_latest() -> None:
    whole = TimeBudget(100, clock=lambda: 60)
    assert whole.part(10).ends == 70
    assert whole.part(50).ends == 100
    assert PLENTY.part(math.inf).ends == math.inf


def test_a_budget_may_end_so_many_seconds_earlier() -> None:
    assert TimeBudget(100, clock=lambda: 60).but(15).ends == 85
