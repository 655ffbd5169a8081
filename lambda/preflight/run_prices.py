"""The prices of a run's instance types, and whether `workflow.max_cost` pays for a transform job at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from batch_transform.job.aws.partitions import partition_of
from batch_transform.job.errors import MaxCostError, PriceUnknownError
from batch_transform.job.price.price import SHORTEST_SECONDS, Cost, Price, affordable_seconds
from batch_transform.job.price.price_list import endpoint_region, price_in, query

DECLARED = "workflow.price_per_hour"
"""The source of a price that the job file declares."""


class PricingClient(Protocol):
    """The part of boto3's Price List client that is used here."""

    def get_products(self, **request: Any) -> Mapping[str, Any]:
        """As boto3 has it."""


class Prices:
    """Prices in a region, each asked once: a function that stays loaded serves many runs.

    `client` returns a client for the endpoint in a region.
    """

    def __init__(self, client: Callable[[str], PricingClient], today: Callable[[], date]) -> None:
        self._client = client
        self._today = today
        self._known: dict[tuple[str, str, date], Price] = {}

    def of(self, instance_type: str, region: str) -> Price:
        """Return the price of today. Raises PriceUnknownError."""
        key = (instance_type, region, self._today())
        if key not in self._known:
            try:
                client = self._client(endpoint_region(region))
                products = client.get_products(**query(instance_type, region))["PriceList"]
            except (ClientError, BotoCoreError) as error:
                raise PriceUnknownError(f"AWS's Price List can't be asked: {error}") from error
            self._known[key] = price_in(products, *key)
        return self._known[key]

    def declared(self, amount: float, instance_type: str, region: str) -> Price:
        """Return the price that the job file declares."""
        currency = partition_of(region).currency
        return Price(amount, currency, instance_type, region, self._today().isoformat(), DECLARED)


def run_prices(
    instance_types: Sequence[str],
    instance_count: int,
    region: str,
    cost: Mapping[str, float],
    prices: Prices,
) -> list[Price | None]:
    """Return the price of each instance type; None, with a line in the log, for one that isn't known.

    `cost` has `max_cost` and `price_per_hour` of the job's workflow, if they are set. Raises MaxCostError if `max_cost`
    is set and a price isn't known, or if it pays for less than SHORTEST_SECONDS on one of the types.
    """
    given, most = cost.get("price_per_hour"), cost.get("max_cost")
    found: list[Price | None] = []
    problems = []
    for name in instance_types:
        try:
            price = prices.declared(given, name, region) if given is not None else prices.of(name, region)
        except PriceUnknownError as error:
            print(f"the cost of this run isn't known: {error}")  # noqa: T201  # for the function's log
            problems.append(str(error))
            found.append(None)
            continue
        found.append(price)
        if most is not None:
            problems += _too_low(most, price, instance_count)
    if most is not None and problems:
        raise MaxCostError("workflow.max_cost can't be kept: " + "\n".join(problems) + _fix(found))
    return found


def _too_low(most: float, price: Price, instance_count: int) -> list[str]:
    seconds = affordable_seconds(most, price, instance_count)
    if seconds >= SHORTEST_SECONDS:
        return []
    least = Cost(price.of_seconds(SHORTEST_SECONDS) * instance_count, price.currency)
    return [
        f"{Cost(most, price.currency)} pays for {seconds} seconds of {instance_count} x {price.instance_type}, and a "
        f"transform job needs at least {SHORTEST_SECONDS} to start: that is {least}"
    ]


def _fix(found: Sequence[Price | None]) -> str:
    if None in found:
        return "; set workflow.price_per_hour, or remove workflow.max_cost"
    return "; increase workflow.max_cost, or use fewer or smaller instances"
