from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from batch_transform.job.errors import MaxCostError
from run_prices import DECLARED, Prices, PricingClient, run_prices

TODAY = date(2026, 11, 30)
REGION = "eu-west-1"


class FakePriceList:
    """A Price List with USD 0.36 for an hour of these instance types. It notes who asked for what."""

    def __init__(self, *instance_types: str, error: Exception | None = None) -> None:
        self.instance_types = instance_types
        self.error = error
        self.asked: list[str] = []
        self.endpoints: list[str] = []

    def client(self, region: str) -> PricingClient:
        self.endpoints.append(region)
        return self

    def get_products(self, **request: Any) -> Mapping[str, Any]:
        if self.error:
            raise self.error
        filters = {one["Field"]: one["Value"] for one in request["Filters"]}
        name = filters["instanceName"]
        self.asked.append(name)
        if name not in self.instance_types:
            return {"PriceList": []}
        prices = {"T": {"priceDimensions": {"D": {"unit": "Hrs", "pricePerUnit": {"USD": "0.36"}}}}}
        product = {"attributes": {"usagetype": f"EU-Tsform:{name}"}}
        return {"PriceList": [json.dumps({"product": product, "terms": {"OnDemand": prices}})]}


Found = Callable[..., list[Any]]


def found(
    fake: FakePriceList,
    *names: str,
    cost: Mapping[str, float] | None = None,
    count: int = 1,
    region: str = REGION,
) -> list[Any]:
    prices = Prices(fake.client, lambda: TODAY)
    return [one and one.as_json() for one in run_prices(names, count, region, cost or {}, prices)]


def test_each_instance_type_has_its_price_in_order() -> None:
    fake = FakePriceList("ml.m5.large", "ml.c5.large")
    prices = found(fake, "ml.m5.large", "ml.c5.large")
    assert [price["InstanceType"] for price in prices] == ["ml.m5.large", "ml.c5.large"]
    assert prices[0]["AmountPerHour"] == 0.36
    assert prices[0]["Date"] == "2026-11-30"
    assert set(fake.endpoints) == {"eu-central-1"}


def test_a_function_that_stays_loaded_asks_once_a_day() -> None:
    fake, days = FakePriceList("ml.m5.large"), [TODAY, TODAY, date(2026, 12, 1)]
    prices = Prices(fake.client, lambda: days.pop(0))
    for _ in range(3):
        run_prices(["ml.m5.large"], 1, REGION, {}, prices)
    assert fake.asked == ["ml.m5.large", "ml.m5.large"]


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetProducts"),
        EndpointConnectionError(endpoint_url="https://api.pricing.eu-central-1.amazonaws.com"),
        None,
    ],
)
def test_without_max_cost_an_unknown_price_only_leaves_a_line_in_the_log(
    error: Exception | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert found(FakePriceList(error=error), "ml.m5.large") == [None]
    assert capsys.readouterr().out.startswith("the cost of this run isn't known: ")


def test_a_partition_without_a_price_list_isnt_asked() -> None:
    fake = FakePriceList("ml.m5.large")
    assert found(fake, "ml.m5.large", region="us-gov-west-1") == [None]
    assert fake.endpoints == []


def test_a_declared_price_is_used_for_every_type_and_nothing_is_asked() -> None:
    fake = FakePriceList()
    prices = found(fake, "ml.m5.large", "ml.c5.large", cost={"price_per_hour": 0.2, "max_cost": 1})
    assert [(price["AmountPerHour"], price["Source"]) for price in prices] == [(0.2, DECLARED)] * 2
    assert fake.asked == []


def test_fails_if_max_cost_needs_a_price_that_isnt_known() -> None:
    with pytest.raises(MaxCostError) as failed:
        found(FakePriceList("ml.m5.large"), "ml.m5.large", "ml.c5.large", cost={"max_cost": 5})
    assert str(failed.value) == (
        "workflow.max_cost can't be kept: AWS's Price List has no price of a batch transform with ml.c5.large in "
        "eu-west-1; set workflow.price_per_hour, or remove workflow.max_cost"
    )


def test_fails_if_max_cost_pays_for_less_than_the_start_of_a_transform_job() -> None:
    fake = FakePriceList("ml.m5.large")
    assert found(fake, "ml.m5.large", cost={"max_cost": 0.06}, count=2)
    with pytest.raises(MaxCostError) as failed:
        found(fake, "ml.m5.large", cost={"max_cost": 0.05}, count=2)
    assert str(failed.value) == (
        "workflow.max_cost can't be kept: USD 0.05 pays for 250 seconds of 2 x ml.m5.large, and a transform job needs "
        "at least 300 to start: that is USD 0.06; increase workflow.max_cost, or use fewer or smaller instances"
    )
