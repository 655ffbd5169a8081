from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from batch_transform.job.errors import PriceUnknownError
from batch_transform.job.price.price_list import endpoint_region, price_in, query

TODAY = date(2026, 11, 30)


def product(usage: str, amount: str = "0.1150000000", unit: str = "Hrs", **prices: str) -> str:
    dimensions = {"T.D": {"unit": unit, "pricePerUnit": prices or {"USD": amount}}}
    document: dict[str, Any] = {
        "product": {"productFamily": "ML Instance", "attributes": {"usagetype": usage}},
        "terms": {"OnDemand": {"T": {"priceDimensions": dimensions}}},
    }
    return json.dumps(document)


def test_batch_transform_is_picked_among_everything_that_an_instance_type_is_billed_for() -> None:
    products = [
        product("EU-Host:ml.m5.large", "0.3"),
        product("EU-Tsform:ml.m5.large", "0.1290000000"),
        product("EU-Train:ml.m5.large", "0.4"),
        product("EU-Tsform:ml.m5.large-FreeTier", "0.5"),
        product("EU-Tsform:ml.m5.largest", "0.6"),
    ]
    price = price_in(products, "ml.m5.large", "eu-west-1", TODAY)
    assert price.as_json() == {
        "AmountPerHour": 0.129,
        "Currency": "USD",
        "InstanceType": "ml.m5.large",
        "Region": "eu-west-1",
        "Date": "2026-11-30",
        "Source": "AWS Price List",
    }


def test_a_usage_type_may_have_no_prefix() -> None:
    assert (
        price_in([product("Tsform:ml.m5.large")], "ml.m5.large", "us-east-1", TODAY).amount_per_hour == 0.115
    )


def test_prices_in_china_are_in_its_currency() -> None:
    products = [product("CNN1-Tsform:ml.m5.large", CNY="1.2")]
    assert price_in(products, "ml.m5.large", "cn-north-1", TODAY).currency == "CNY"


@pytest.mark.parametrize(
    ("products", "message"),
    [
        ([], "has no price of a batch transform with ml.m5.large in eu-west-1"),
        ([product("EU-Host:ml.m5.large")], "has no price"),
        ([product("EU-Tsform:ml.m5.large", unit="GB")], "has no price"),
        ([product("EU-Tsform:ml.m5.large", "0.0000000000")], "has no price"),
        (
            [product("EU-Tsform:ml.m5.large", "0.2"), product("EU-Tsform:ml.m5.large", "0.1")],
            "has several prices (USD 0.1, USD 0.2)",
        ),
        (['{"product": {}, "terms": {}}'], "has no price"),
    ],
)
def test_fails_unless_there_is_exactly_one_price(products: list[str], message: str) -> None:
    with pytest.raises(PriceUnknownError) as failed:
        price_in(products, "ml.m5.large", "eu-west-1", TODAY)
    assert message in str(failed.value)


def test_the_price_list_is_asked_in_the_nearest_of_its_regions() -> None:
    regions = ("us-west-2", "ca-central-1", "eu-west-1", "ap-southeast-2", "cn-north-1", "sa-east-1")
    assert [endpoint_region(region) for region in regions] == [
        "us-east-1",
        "us-east-1",
        "eu-central-1",
        "ap-south-1",
        "cn-northwest-1",
        "us-east-1",
    ]


@pytest.mark.parametrize("region", ["us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1"])
def test_fails_for_a_partition_without_a_price_list(region: str) -> None:
    with pytest.raises(PriceUnknownError, match="no endpoint"):
        endpoint_region(region)


def test_the_query_names_region_and_instance_type() -> None:
    asked = query("ml.m5.large", "eu-west-1")
    assert {one["Field"]: one["Value"] for one in asked["Filters"]} == {
        "regionCode": "eu-west-1",
        "instanceName": "ml.m5.large",
    }
