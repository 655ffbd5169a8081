from __future__ import annotations

from datetime import UTC, datetime, timedelta

from batch_transform.job.price.price import Cost, Price
from batch_transform.runs.past_cost import past_cost
from batch_transform.runs.run_jobs import RunJob

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
PRICE = Price(3.6, "USD", "ml.m5.large", "eu-west-1", "2026-11-30", "AWS Price List")


def job(started: int | None, ended: int | None, count: int = 1) -> RunJob:
    def at(seconds: int | None) -> datetime | None:
        return None if seconds is None else START + timedelta(seconds=seconds)

    return RunJob("churn-1", "Completed", "ml.m5.large", count, START, at(started), at(ended), "", {})


def test_every_attempt_is_billed_from_its_start_to_its_end() -> None:
    jobs = [job(None, 100), job(200, 300, count=2), job(400, 450)]
    assert past_cost(jobs, lambda _: PRICE) == Cost(0.25, "USD")


def test_a_run_in_progress_or_of_unknown_price_has_no_cost_yet() -> None:
    assert past_cost([job(10, None)], lambda _: PRICE) is None
    assert past_cost([job(10, 20)], lambda _: None) is None
    assert past_cost([], lambda _: PRICE) is None
