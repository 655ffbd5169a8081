from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from batch_transform.job.price.price import Price
from batch_transform.runs.estimate import Estimate
from batch_transform.runs.prices import FoundPrice
from batch_transform.runs.run_rate import MOST_RUNS, RunRate, run_rate

PRICE = Price(0.36, "USD", "ml.m5.large", "eu-west-1", "2026-11-30", "AWS Price List")


START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def output(seconds: float = 100, **others: Any) -> dict[str, Any]:
    return {
        "Outcome": "Completed",
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "TransformStartTime": START.isoformat(),
        "TransformEndTime": (START + timedelta(seconds=seconds)).isoformat(),
        "InputBytes": 1_000_000,
        **others,
    }


SKIPPED = dict.fromkeys(output()) | {"Outcome": "Skipped"}


def test_the_rate_is_the_median_of_the_last_good_runs_per_instance_second() -> None:
    outputs = [
        output(),
        output(400),
        output(InstanceCount=2, InputBytes=1_600_000),
        output(1, InstanceType="ml.c5.large"),
        SKIPPED,
    ]
    assert run_rate(outputs, "ml.m5.large") == RunRate(3, 8000, 200)


def test_a_run_that_took_ten_times_as_long_does_not_move_the_rate() -> None:
    outputs = [output(1000), *[output()] * 4]
    found = run_rate(outputs, "ml.m5.large")
    assert found is not None
    assert found.bytes_per_second == 10_000


def test_only_the_newest_runs_count() -> None:
    outputs = [*[output()] * MOST_RUNS, *[output(1)] * 50]
    assert run_rate(outputs, "ml.m5.large") == RunRate(MOST_RUNS, 10_000, 100)


def test_without_a_good_run_the_rate_is_unknown() -> None:
    assert run_rate([SKIPPED, output(TransformEndTime=None), output(InstanceCount=0)], "ml.m5.large") is None


def test_the_cost_follows_from_size_rate_and_price() -> None:
    estimate = Estimate(FoundPrice(PRICE), RunRate(3, 1000, 50), 100_000_000, 2, 3600)
    assert dict(estimate.lines()) == {
        "price": "USD 0.36 per hour for ml.m5.large in eu-west-1 (AWS Price List, 2026-11-30)",
        "cost": "about USD 10.00 for 100.0 MB at 1.0 kB per second of an instance, the median of the last 3 good "
        "runs; an attempt costs at most USD 0.72, by its time limit",
    }


def test_without_a_size_the_run_is_expected_to_cost_what_the_last_ones_did() -> None:
    for size, rate in ((None, RunRate(1, 1000, 50)), (100, RunRate(1, None, 50))):
        [_, (_, text)] = Estimate(FoundPrice(PRICE), rate, size, 1, None).lines()
        assert text == "about USD 0.01, as in the last good run"


def test_before_the_first_run_only_the_limit_is_known() -> None:
    [_, (_, text)] = Estimate(FoundPrice(PRICE), None, 100, 1, 3600).lines()
    assert text == (
        "unknown before the first good run on this instance type; an attempt costs at most USD 0.36, by its time limit"
    )


def test_max_cost_bounds_all_attempts() -> None:
    [_, (_, text)] = Estimate(FoundPrice(PRICE), None, 100, 1, None, max_cost=2.5).lines()
    assert text.endswith("at most USD 2.50 (workflow.max_cost)")


def test_without_a_price_the_reason_is_said() -> None:
    estimate = Estimate(FoundPrice(None, "the price isn't known: offline"), RunRate(1, 1, 1), 1, 1, 1)
    assert estimate.lines() == [
        ("cost", "unknown: the price isn't known: offline; pass --price for an estimate")
    ]
    assert estimate.as_json()["cost"] is None
