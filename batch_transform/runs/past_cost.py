"""What past runs cost: the billed time of all their transform jobs, at a price for each instance type."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from batch_transform.job.price.price import BilledJob, Cost, Price, run_cost
from batch_transform.runs.run_jobs import RunJob

PriceOf = Callable[[str], "Price | None"]
"""Returns the price of an instance type, or None if it isn't known."""


def billed(job: RunJob) -> BilledJob:
    """Return what is billed of a transform job: the time from its start to its end, for each instance.

    One that ended without having started, for lack of capacity for example, costs nothing.
    """
    seconds: float | None = None
    if job.ended is not None:
        seconds = 0.0 if job.started is None else (job.ended - job.started).total_seconds()
    return BilledJob(job.instance_type, job.instance_count, seconds)


def past_cost(jobs: Iterable[RunJob], price_of: PriceOf) -> Cost | None:
    """Return the cost of all transform jobs of a run; None if it isn't known, or if the run had no transform job."""
    found = [billed(job) for job in jobs]
    prices = {name: price_of(name) for name in dict.fromkeys(job.instance_type for job in found)}
    return run_cost(found, {name: price for name, price in prices.items() if price is not None})
