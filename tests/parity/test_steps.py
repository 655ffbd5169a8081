from __future__ import annotations

import pytest

from batch_transform.job.errors import InputError
from batch_transform.job.price.price import Price
from batch_transform.parity.case import load_cases
from batch_transform.parity.steps import chosen_steps

PRICE = Price(0.12, "USD", "ml.m5.large", "us-east-1", "2026-11-30", "--price")


def test_only_the_definitions_and_the_refused_calls_are_free() -> None:
    cases = load_cases()
    every = chosen_steps(["0", "1", *(f"U{number}" for number in range(1, 25) if number != 20)], cases, {})
    assert len(every) == 25
    free = {step.id for step in every if step.is_free}
    assert {"0", "U23"} <= free
    assert "1" not in free and "U21" not in free
    for step in every:
        cost = step.cost(PRICE)
        assert cost is not None and (cost.amount == 0) is step.is_free
        assert step.cost(None) == cost if step.is_free else step.cost(None) is None


def test_the_cost_has_instances_and_requests_and_grows_with_the_size() -> None:
    (small,) = chosen_steps(["U22"], load_cases(), {"U22": 1000})
    (large,) = chosen_steps(["U22"], load_cases(), {})
    assert (small.size, large.size) == (1000, 50_000)
    hours = 5 / 60 + 1000 * 0.1 / 3600
    cost = small.cost(PRICE)
    assert cost is not None
    assert cost.amount == pytest.approx(hours * 0.12 + 2 * 0.005 + 0.0004)
    assert (large.effort.writes, large.effort.reads) == (100_000, 50_000)


def test_an_open_question_is_the_cases_that_answer_it() -> None:
    (step,) = chosen_steps(["U9"], load_cases(), {})
    assert [case.id for case in step.cases] == ["u9-one-line-too-few"]


@pytest.mark.parametrize(
    ("steps", "sizes", "text"),
    [
        (["U99"], {}, "unknown step U99; the steps are 0, 1, U1"),
        (["1"], {"U1": 5}, "no probe has this id; the probes are U21, U22, U23, U24"),
        (["U21"], {"U21": 2}, "it must be at least 8"),
    ],
)
def test_fails_for_a_step_or_a_size_that_there_is_not(
    steps: list[str], sizes: dict[str, int], text: str
) -> None:
    with pytest.raises(InputError, match=text):
        chosen_steps(steps, load_cases(), sizes)
