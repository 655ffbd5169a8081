"""Whether runs can keep `workflow.max_cost`: the preflight refuses those that can't."""

from __future__ import annotations

from datetime import UTC, datetime

from batch_transform.doctor.finding import Finding, Unread, Verdict
from batch_transform.job.aws.partitions import partition_of
from batch_transform.job.errors import PriceUnknownError
from batch_transform.job.price.price import SHORTEST_SECONDS, Cost, Price, affordable_seconds
from batch_transform.job.values.job_spec import JobSpec

_CHECK = "max cost"
_DECLARE = "set workflow.price_per_hour"


def declared_price(amount: float, instance_type: str, region: str) -> Price:
    """Return the price for an hour that the job file declares."""
    today = datetime.now(UTC).date().isoformat()
    currency = partition_of(region).currency
    return Price(amount, currency, instance_type, region, today, "workflow.price_per_hour")


def check_max_cost(
    spec: JobSpec, instance_type: str, price: Price | PriceUnknownError | Unread, max_cost: float
) -> Finding:
    """The price of the instance type must be known, and the cost must pay for the shortest transform job.

    The preflight asks the Price List with its own role, which the stack allows to: a service control policy that denies
    it to your credentials probably denies it to the role as well.
    """
    subject = f"{spec.name} on {instance_type}"
    if isinstance(price, Unread):
        text = (
            f"runs need the price too, and are refused without it: if the account can't read it, {_DECLARE}"
        )
        return price.finding(_CHECK, subject, text)
    if isinstance(price, PriceUnknownError):
        text = f"{price}, so each run is refused: {_DECLARE}, or remove workflow.max_cost"
        return Finding(_CHECK, subject, Verdict.ERROR, text)
    count = spec.transform.instance_count
    seconds = affordable_seconds(max_cost, price, count)
    pays = f"{Cost(max_cost, price.currency)} pays for {seconds:,} seconds of {count} x {price}"
    if seconds < SHORTEST_SECONDS:
        text = f"{pays}, and a run needs at least {SHORTEST_SECONDS}: increase workflow.max_cost"
        return Finding(_CHECK, subject, Verdict.ERROR, text)
    return Finding(_CHECK, subject, Verdict.FINE, pays)
