from __future__ import annotations

from typing import Any

import pytest

from run_cost import cost_members, cost_metrics, price_of

SMALL = {
    "AmountPerHour": 3.6,
    "Currency": "USD",
    "InstanceType": "ml.m5.large",
    "Region": "eu-west-1",
    "Date": "2026-11-30",
    "Source": "AWS Price List",
}
LARGE = {**SMALL, "AmountPerHour": 36, "InstanceType": "ml.m5.4xlarge"}


def a_job(
    seconds: int | None, instance_type: str = "ml.m5.large", *, is_ended: bool = True
) -> dict[str, Any]:
    return {
        "InstanceType": instance_type,
        "InstanceCount": 2,
        "TransformStartTime": None if seconds is None else "2026-11-30T02:00:00.000Z",
        "TransformEndTime": f"2026-11-30T02:00:{seconds or 0:02}.500Z" if is_ended else None,
    }


def a_record(*jobs: dict[str, Any], price: Any = None, total: int | None = None) -> dict[str, Any]:
    prices = [] if price is None else [price]
    return {
        "TransformJobs": list(jobs),
        "Price": price,
        "Prices": prices,
        "Records": {"Total": total},
        "BillableTimeInSeconds": None,
        "InstanceCount": 2,
    }


def test_a_run_costs_all_its_transform_jobs_each_at_the_price_of_its_type() -> None:
    members = cost_members(a_record(a_job(9), a_job(None), a_job(0, "ml.m5.4xlarge")), [SMALL, LARGE])
    assert members["Price"] == LARGE
    assert members["Cost"] == {"Amount": pytest.approx(2 * (9.5 * 0.001 + 0.5 * 0.01)), "Currency": "USD"}


@pytest.mark.parametrize("prices", [SMALL, [SMALL], [False, SMALL]])
def test_jsonata_makes_one_value_of_a_list_with_one_value(prices: Any) -> None:
    assert price_of(prices) == SMALL
    assert price_of(prices, "ml.m5.large") == SMALL
    assert price_of(prices, "ml.c5.large") is None


@pytest.mark.parametrize("prices", [[], (), False, [False], None])
def test_without_a_price_there_is_no_cost(prices: Any) -> None:
    members = cost_members(a_record(a_job(5)), prices)
    assert (members["Price"], members["Prices"], members["Cost"]) == (None, [], None)


def test_the_price_at_the_start_counts_for_a_run_that_was_stopped() -> None:
    members = cost_members(a_record(a_job(9), price=SMALL), ())
    assert members["Price"] == SMALL
    assert members["Cost"]["Amount"] == pytest.approx(0.019)


def test_a_transform_job_in_progress_has_no_cost_yet() -> None:
    members = cost_members(a_record(a_job(9), a_job(1, is_ended=False)), [SMALL])
    assert (members["Price"], members["Cost"], members["BillableTimeInSeconds"]) == (SMALL, None, None)


def test_a_run_without_a_transform_job_has_a_price_and_no_cost() -> None:
    members = cost_members(a_record(), [SMALL, LARGE])
    assert (members["Price"], members["Cost"], members["BillableTimeInSeconds"]) == (SMALL, None, None)


def test_a_run_that_was_stopped_on_its_second_type_costs_what_that_costs() -> None:
    record = {**a_record(a_job(None), a_job(9, "ml.m5.4xlarge"), price=SMALL), "Prices": [SMALL, LARGE]}
    members = cost_members(record, ())
    assert members["Price"] == LARGE
    assert members["Cost"]["Amount"] == pytest.approx(2 * 9.5 * 0.01)


def test_the_billed_time_is_that_of_all_transform_jobs() -> None:
    record = a_record(a_job(9), a_job(None), a_job(4))
    record |= cost_members(record, ())
    assert record["BillableTimeInSeconds"] == 10 + 0 + 4  # 9.5 s and 4.5 s
    assert cost_metrics(record) == {"InstanceSeconds": 2 * 14}


def test_the_cost_of_a_thousand_records_is_a_metric_if_they_were_counted() -> None:
    cost = {"Amount": 0.5, "Currency": "USD"}
    assert cost_metrics({**a_record(total=2000), "Cost": cost}) == {
        "Cost": 0.5,
        "CostPerThousandRecords": 0.25,
    }
    assert cost_metrics({**a_record(), "Cost": cost}) == {"Cost": 0.5}
    assert cost_metrics({**a_record(total=0), "Cost": cost}) == {"Cost": 0.5}
    assert cost_metrics({**a_record(total=2000), "Cost": None}) == {}


def test_the_metric_of_a_retry_is_what_it_added() -> None:
    whole = {**a_record(total=1000), "Cost": {"Amount": 0.5, "Currency": "USD"}}
    retry = {"ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:a-machine:a-retry"}
    added = {**whole, "Retries": [retry | {"Cost": {"Amount": 0.1, "Currency": "USD"}}]}
    assert cost_metrics(added) == {"Cost": 0.1, "CostPerThousandRecords": 0.5}
    assert cost_metrics({**whole, "Retries": [retry | {"Cost": None}]}) == {"CostPerThousandRecords": 0.5}
