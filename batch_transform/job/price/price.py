"""The price of an instance, and what a run costs: values and arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SHORTEST_SECONDS = 300
"""The least time that `workflow.max_cost` must pay for. A transform job needs three to five minutes to start, so less
time would be paid for without a result."""


@dataclass(frozen=True)
class Price:
    """The price of one instance for an hour. `date` is the day on which `source` named it, in ISO 8601."""

    amount_per_hour: float
    currency: str
    instance_type: str
    region: str
    date: str
    source: str

    def as_json(self) -> dict[str, Any]:
        """Return the member `Price` of a run record."""
        return {
            "AmountPerHour": self.amount_per_hour,
            "Currency": self.currency,
            "InstanceType": self.instance_type,
            "Region": self.region,
            "Date": self.date,
            "Source": self.source,
        }

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Price:
        """Read the member `Price` of a run record."""
        return cls(
            amount_per_hour=members["AmountPerHour"],
            currency=members["Currency"],
            instance_type=members["InstanceType"],
            region=members["Region"],
            date=members["Date"],
            source=members["Source"],
        )

    def of_seconds(self, seconds: float) -> float:
        """Return the price of this many seconds of one instance."""
        return self.amount_per_hour * seconds / 3600

    def __str__(self) -> str:
        """The price with where it is from, for people."""
        return (
            f"{self.currency} {self.amount_per_hour:.10g} per hour for {self.instance_type} in {self.region} "
            f"({self.source}, {self.date})"
        )


@dataclass(frozen=True)
class Cost:
    """An amount of money."""

    amount: float
    currency: str

    def as_json(self) -> dict[str, Any]:
        """Return the member `Cost` of a run record."""
        return {"Amount": self.amount, "Currency": self.currency}

    def __str__(self) -> str:
        """The amount, for people; a small one has as many decimals as it needs."""
        if 0 < self.amount < 0.005:  # half a cent would be shown as nothing
            return f"{self.currency} {self.amount:.{1 - math.floor(math.log10(self.amount))}f}"
        return f"{self.currency} {self.amount:,.2f}"


@dataclass(frozen=True)
class BilledJob:
    """What is billed of one transform job. `seconds` is None while it isn't known, 0 if it never started."""

    instance_type: str
    instance_count: int
    seconds: float | None


def run_cost(jobs: Iterable[BilledJob], prices: Mapping[str, Price]) -> Cost | None:
    """Return the cost of all transform jobs of a run: billed seconds x instances x price.

    None if the time or the price of one of them isn't known, or if there is no job. Storage, requests and the
    functions aren't included: they cost a small fraction of the instances.
    """
    total, currencies = 0.0, set()
    for job in jobs:
        price = prices.get(job.instance_type)
        if price is None or job.seconds is None:
            return None
        total += price.of_seconds(job.seconds) * job.instance_count
        currencies.add(price.currency)
    if len(currencies) != 1:
        return None
    return Cost(round(total, 6), currencies.pop())


def affordable_seconds(amount: float, price: Price, instance_count: int) -> int:
    """Return the whole seconds that an amount above 0 pays for on all instances. A price is above 0."""
    return math.floor(amount * 3600 / (price.amount_per_hour * instance_count))
