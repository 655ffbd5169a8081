"""What a run cost: the times and prices in its record, and the metrics made of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from batch_transform.job.price.price import BilledJob, Price, run_cost
from batch_transform.job.values.run import execution_hash
from batch_transform.job.values.stack_outputs import COST, COST_PER_THOUSAND_RECORDS, INSTANCE_SECONDS
from run_record import Record


def price_of(prices: Any, instance_type: str | None = None) -> Record | None:  # as the machine has it
    """Return the price of an instance type, or the first one; None if it isn't known.

    `prices` is the state machine's variable: JSONata makes one value of a list with one value.
    """
    known = prices_of(prices)
    return next((price for price in known if instance_type in {None, price["InstanceType"]}), None)


def prices_of(prices: Any) -> list[Record]:
    """Return the prices that are known, in the order of the instance types."""
    return [dict(price) for price in (prices if isinstance(prices, list) else [prices]) if price]


def cost_members(record: Record, prices: Any) -> Record:
    """Return the members about time and money of a run that ended.

    `record` has its transform jobs, and the prices at its start, for a run whose state machine can't pass them any
    more.
    """
    prices = prices or record["Prices"]
    jobs = record["TransformJobs"]
    last = jobs[-1]["InstanceType"] if jobs else None
    found = (price_of(prices, job["InstanceType"]) for job in jobs)
    by_type = {price["InstanceType"]: Price.of(price) for price in found if price}
    cost = run_cost(_billed(jobs), by_type)
    return {
        "BillableTimeInSeconds": billable_seconds(jobs),
        "Price": price_of(prices, last),
        "Prices": prices_of(prices),
        "Cost": cost and cost.as_json(),
    }


def billable_seconds(jobs: Sequence[Record]) -> int | None:
    """Return the billed time of all transform jobs, for each instance; None without one, or if one hasn't ended."""
    seconds = [_seconds(job) for job in jobs]
    known = [one for one in seconds if one is not None]
    return sum(map(round, known)) if seconds and len(known) == len(seconds) else None


def _billed(jobs: Sequence[Record]) -> list[BilledJob]:
    return [BilledJob(job["InstanceType"], job["InstanceCount"], _seconds(job)) for job in jobs]


def _seconds(job: Record) -> float | None:
    """Return the billed time: 0 for a job that ended without a start, None for one that hasn't ended."""
    start, end = job["TransformStartTime"], job["TransformEndTime"]
    if end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() if start else 0.0


def cost_metrics(record: Record) -> dict[str, float]:
    """Return the metrics of time and cost: of what is known. Of a retry, those of a run are what it added."""
    cost, total, seconds = record["Cost"], record["Records"]["Total"], billed_of_execution(record)
    # All transform jobs of a run have as many instances.
    time = {} if seconds is None else {INSTANCE_SECONDS: seconds * record["InstanceCount"]}
    if cost is None:
        return time
    retries = record.get("Retries")
    added = retries[-1]["Cost"] if retries else cost
    per_thousand = {COST_PER_THOUSAND_RECORDS: round(cost["Amount"] / total * 1000, 9)} if total else {}
    return {**time, **({COST: added["Amount"]} if added else {}), **per_thousand}


def billed_of_execution(record: Record) -> int | None:
    """Return the billed time of the execution that wrote the record: that of its last retry, or else of all jobs."""
    jobs = record["TransformJobs"]
    if retries := record.get("Retries"):
        digits = execution_hash(retries[-1]["ExecutionArn"])
        jobs = [job for job in jobs if f"-{digits}-" in job["TransformJobName"]]
    return billable_seconds(jobs)
