"""What a run will cost: an estimate from the last good runs, and the most that it can cost."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from batch_transform.job.price.price import Cost
from batch_transform.runs.prices import FoundPrice
from batch_transform.runs.run_output import size_text
from batch_transform.runs.run_rate import RunRate


@dataclass(frozen=True)
class Estimate:
    """What is known before a run. None means not known.

    `found` is the price of the first instance type. `input_bytes` is the size of the run's input. `time_limit` is the
    most seconds that one attempt may take, and `max_cost` is `workflow.max_cost`.
    """

    found: FoundPrice
    rate: RunRate | None
    input_bytes: int | None
    instance_count: int
    time_limit: int | None
    max_cost: float | None = None

    @property
    def billed_seconds(self) -> float | None:
        """The billed time of all instances if the run is as fast as the last good runs.

        Without a size on either side, it is that of those runs.
        """
        if self.rate is None:
            return None
        if self.input_bytes is None or not self.rate.bytes_per_second:
            return self.rate.billed_seconds
        return self.input_bytes / self.rate.bytes_per_second

    @property
    def cost(self) -> Cost | None:
        """What the run will cost if it is as fast as the last good runs."""
        price, seconds = self.found.price, self.billed_seconds
        if price is None or seconds is None:
            return None
        return Cost(price.of_seconds(seconds), price.currency)

    @property
    def most(self) -> Cost | None:
        """The most that one attempt can cost: `max_cost` bounds the run, or its time limit bounds each attempt."""
        price = self.found.price
        if price is None:
            return None
        if self.max_cost is not None:
            return Cost(self.max_cost, price.currency)
        if self.time_limit is None:
            return None
        return Cost(price.of_seconds(self.time_limit) * self.instance_count, price.currency)

    def as_json(self) -> dict[str, Any]:
        """Return the estimate as JSON values."""
        return {
            "price": self.found.price and self.found.price.as_json(),
            "remark": self.found.remark,
            "rate": self.rate and dataclasses.asdict(self.rate),
            "input_bytes": self.input_bytes,
            "cost": self.cost and self.cost.as_json(),
            "most": self.most and self.most.as_json(),
        }

    def lines(self) -> list[tuple[str, str]]:
        """Return labels and texts for people."""
        price, remark = self.found.price, self.found.remark
        if price is None:
            return [("cost", f"unknown: {remark}; pass --price for an estimate")]
        priced = f"{price}; {remark}" if remark else str(price)
        return [("price", priced), ("cost", "; ".join([self._expected(), *self._bound()]))]

    def _expected(self) -> str:
        cost, rate = self.cost, self.rate
        if cost is None or rate is None:
            return "unknown before the first good run on this instance type"
        source = (
            "as in the last good run" if rate.runs == 1 else f"the median of the last {rate.runs} good runs"
        )
        if self.input_bytes is None or rate.bytes_per_second is None:
            return f"about {cost}, {source}"
        return (
            f"about {cost} for {size_text(self.input_bytes)} at {size_text(rate.bytes_per_second)} per second of an "
            f"instance, {source}"
        )

    def _bound(self) -> list[str]:
        if self.most is None:
            return []
        if self.max_cost is not None:
            return [f"at most {self.most} (workflow.max_cost)"]
        return [f"an attempt costs at most {self.most}, by its time limit"]
