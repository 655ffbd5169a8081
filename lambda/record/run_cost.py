"""What a run cost: the members Price and Cost of its record, and the metrics made of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from batch_transform.job.price.price import BilledJob, Price, run_cost
from batch_transform.job.values.stack_outputs import COST, COST_PER_THOUSAND_RECORDS
from run_record import Record


def price_of(prices: Any, instance_type: str | None = None) -> Record | None:  # as the machine has it
    """Return the price of an instance type, or the first one; None if it isn't known.

    `prices` is the state machine's variable: JSONata makes one value of a list with one value.
    """
    known = [price for price in (prices if isinstance(prices, list) else [prices]) if price]
    return next((dict(price) for price in known if instance_type in {None, price["InstanceType"]}), None)


def cost_members(record: Record, prices: Any) -> Record:
    """Return Price and Cost of a run that ended. `record` has its transform jobs, and the price at its start."""
    prices = prices or record["Price"]
    jobs = record["TransformJobs"]
    last = jobs[-1]["InstanceType"] if jobs else None
    found = (price_of(prices, job["InstanceType"]) for job in jobs)
    by_type = {price["InstanceType"]: Price.of(price) for price in found if price}
    cost = run_cost(_billed(jobs), by_type)
    return {"Price": price_of(prices, last), "Cost": cost and cost.as_json()}


def _billed(jobs: Sequence[Record]) -> list[BilledJob]:
    return [BilledJob(job["InstanceType"], job["InstanceCount"], _seconds(job)) for job in jobs]


def _seconds(job: Record) -> float | None:
    """Return the billed time: 0 for a job that ended without a start, None for one that hasn't ended."""
    start, end = job["TransformStartTime"], job["TransformEndTime"]
    if end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() if start else 0.0


def cost_metrics(record: Record) -> dict[str, float]:
    """Return the metrics of the cost; none if it isn't known. Of a retry, the first is what it added."""
    cost, total = record["Cost"], record["Records"]["Total"]
    if cost is None:
        return {}
    retries = record.get("Retries")
    added = retries[-1]["Cost"] if retries else cost
    per_thousand = {COST_PER_THOUSAND_RECORDS: round(cost["Amount"] / total * 1000, 9)} if total else {}
    return {**({COST: added["Amount"]} if added else {}), **per_thousand}
