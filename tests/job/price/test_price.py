from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.price.price import BilledJob, Cost, Price, affordable_seconds, run_cost

SMALL = Price(0.36, "USD", "ml.m5.large", "eu-west-1", "2026-11-30", "AWS Price List")
LARGE = dataclasses.replace(SMALL, amount_per_hour=3.6, instance_type="ml.m5.4xlarge")
PRICES = {price.instance_type: price for price in (SMALL, LARGE)}


def test_a_run_costs_all_its_attempts_on_all_their_instances() -> None:
    jobs = [
        BilledJob("ml.m5.large", 2, 100),
        BilledJob("ml.m5.4xlarge", 1, 50.5),
        BilledJob("ml.m5.large", 9, 0),
    ]
    assert run_cost(jobs, PRICES) == Cost(0.0705, "USD")


@pytest.mark.parametrize(
    "jobs",
    [
        [],
        [BilledJob("ml.m5.large", 1, None)],
        [BilledJob("ml.c5.large", 1, 10)],
        [BilledJob("ml.m5.large", 1, 10), BilledJob("ml.c5.large", 1, 10)],
    ],
)
def test_a_cost_of_which_a_part_is_unknown_is_unknown(jobs: list[BilledJob]) -> None:
    assert run_cost(jobs, PRICES) is None


def test_currencies_are_not_added() -> None:
    prices = {**PRICES, "ml.m5.4xlarge": dataclasses.replace(LARGE, currency="CNY")}
    assert run_cost([BilledJob("ml.m5.large", 1, 1), BilledJob("ml.m5.4xlarge", 1, 1)], prices) is None


@given(st.floats(0.001, 1000), st.floats(0.01, 100), st.integers(1, 20))
def test_the_affordable_seconds_never_cost_more_and_one_more_would(
    amount: float, per_hour: float, instances: int
) -> None:
    price = dataclasses.replace(SMALL, amount_per_hour=per_hour)
    seconds = affordable_seconds(amount, price, instances)
    assert price.of_seconds(seconds) * instances <= amount * (1 + 1e-9)
    assert price.of_seconds(seconds + 1) * instances >= amount * (1 - 1e-9)


def test_a_price_is_read_as_it_was_written() -> None:
    assert Price.of(SMALL.as_json()) == SMALL
    assert str(SMALL) == "USD 0.36 per hour for ml.m5.large in eu-west-1 (AWS Price List, 2026-11-30)"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "USD 0.00"),
        (0.00012, "USD 0.00012"),
        (0.000004, "USD 0.0000040"),
        (0.005, "USD 0.01"),
        (12345.678, "USD 12,345.68"),
    ],
)
def test_a_small_cost_is_never_shown_as_nothing(amount: float, text: str) -> None:
    assert str(Cost(amount, "USD")) == text
