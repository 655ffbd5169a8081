from __future__ import annotations

import random
from typing import Any

import pytest
from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter.retry import error_matches, with_retry_and_catch


class Failing:
    """A state that fails with each of the errors in order, and then succeeds."""

    def __init__(self, *errors: str) -> None:
        self._errors = list(errors)
        self.context: dict[str, Any] = {"State": {"Name": "S"}}
        self.retry_counts: list[int] = []

    def run(self, *retriers: dict[str, Any]) -> tuple[Any, str | None]:
        return with_retry_and_catch(
            {"Type": "Pass", "Retry": list(retriers)}, {}, self.context, self._attempt
        )

    def _attempt(self) -> tuple[Any, str | None]:
        self.retry_counts.append(self.context["State"]["RetryCount"])
        if self._errors:
            raise stepfunctions._ExecutionError(self._errors.pop(0), "")
        return "done", None


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the seconds to wait before each attempt, without waiting."""
    found: list[float] = []
    monkeypatch.setattr(stepfunctions, "_scaled_sleep", found.append)
    return found


@pytest.mark.parametrize(
    ("names", "error", "is_caught"),
    [
        (["States.ALL"], "AnyName", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.TaskFailed", True),
        (["States.ALL"], "States.IntrinsicFailure", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.Runtime"], "States.Runtime", False),
        (["States.TaskFailed"], "AnyName", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.TaskFailed"], "States.Runtime", False),
        (["Other", "AnyName"], "AnyName", True),
        (["Other"], "AnyName", False),
    ],
)
def test_an_error_is_caught_by_name(names: list[str], error: str, is_caught: bool) -> None:
    assert error_matches(names, error) is is_caught


def test_pauses_grow_by_the_backoff_rate_up_to_the_longest(pauses: list[float]) -> None:
    state = Failing(*["A"] * 4)
    retrier = {
        "ErrorEquals": ["A"],
        "IntervalSeconds": 2,
        "BackoffRate": 3,
        "MaxDelaySeconds": 10,
        "MaxAttempts": 4,
    }
    assert state.run(retrier) == ("done", None)
    assert pauses == [2, 6, 10, 10]
    assert state.retry_counts == [0, 1, 2, 3, 4]


def test_a_retrier_without_numbers_has_the_defaults_of_aws(pauses: list[float]) -> None:
    with pytest.raises(stepfunctions._ExecutionError):
        Failing(*["A"] * 4).run({"ErrorEquals": ["A"]})
    assert pauses == [1, 2, 4]


def test_full_jitter_waits_any_time_up_to_the_calculated_one(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return 0.5

    monkeypatch.setattr(random, "uniform", uniform)
    Failing("A", "A").run({"ErrorEquals": ["A"], "JitterStrategy": "FULL"})
    assert bounds == [(0, 1), (0, 2)]
    assert pauses == [0.5, 0.5]


def test_fails_when_a_retrier_has_no_attempt_left_regardless_of_other_retriers(pauses: list[float]) -> None:
    state = Failing("A", "B", "A")
    with pytest.raises(stepfunctions._ExecutionError) as failed:
        state.run(*({"ErrorEquals": [name], "MaxAttempts": 1} for name in "AB"))
    assert failed.value.error == "A"
    assert pauses == [1, 1]
    assert state.retry_counts == [0, 1, 2]
