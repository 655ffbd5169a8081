"""Prices of transform jobs in AWS's Price List: where it is asked, what for, and how its answer is read.

Nothing here calls AWS. `batch_transform.runs.prices` asks for the command line, the function `preflight` for a run.

Sources: the Price List Query API has an endpoint in us-east-1, eu-central-1, ap-south-1 and cn-northwest-1 (the
endpoints in botocore 1.43.106), and GetProducts returns each product as JSON text (API reference). The attributes
`regionCode`, `instanceName` and `usagetype` of AmazonSageMaker, and the unit `Hrs`, are from public code and answers;
`USE1-Tsform:ml.c5.9xlarge` is a public usage type of batch transform.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from batch_transform.job.errors import PriceUnknownError
from batch_transform.job.price.price import Price

SERVICE_CODE = "AmazonSageMaker"
SOURCE = "AWS Price List"
EXAMPLE = "example"
EXAMPLE_SOURCE = "example price of the local AWS"
"""The source of a price whose product has the version EXAMPLE, which AWS's own never have."""

_ENDPOINT_BY_AREA = {"cn": "cn-northwest-1", "eu": "eu-central-1", "ap": "ap-south-1"}
_ELSEWHERE = "us-east-1"
_HOURS = {"hrs", "hours", "hour"}


def endpoint_region(region: str) -> str:
    """Return the region whose endpoint knows the prices of `region`, the nearest one in its partition.

    Raises PriceUnknownError for the partitions without an endpoint, AWS GovCloud (US) among them.
    """
    area, _, rest = region.partition("-")
    if rest.startswith(("gov-", "iso", "isob-")) or area.startswith("eusc"):
        raise PriceUnknownError(f"AWS's Price List has no endpoint in the partition of {region}")
    return _ENDPOINT_BY_AREA.get(area, _ELSEWHERE)


def query(instance_type: str, region: str) -> dict[str, Any]:
    """Return the request of GetProducts for everything that SageMaker bills for an instance type in a region.

    These are a few products (hosting, training, notebooks and others), of which `price_in` picks batch transform: the
    prefix of usage types is not the region's name, so it can't be part of the request.
    """
    return {
        "ServiceCode": SERVICE_CODE,
        "FormatVersion": "aws_v1",
        "Filters": [
            {"Type": "TERM_MATCH", "Field": "regionCode", "Value": region},
            {"Type": "TERM_MATCH", "Field": "instanceName", "Value": instance_type},
        ],
        "MaxResults": 100,
    }


def price_in(products: Iterable[str], instance_type: str, region: str, today: date) -> Price:
    """Return the price on demand of batch transform in the products of an answer, each of them JSON text.

    Raises PriceUnknownError unless there is exactly one: a price is never guessed.
    """
    usage = re.compile(rf"(?:[A-Z0-9]+-)?Tsform:{re.escape(instance_type)}")
    found, source = set(), SOURCE
    for text in products:
        product = json.loads(text)
        if usage.fullmatch(_usage_type(product)):
            found |= set(_hourly(product))
            source = EXAMPLE_SOURCE if product.get("version") == EXAMPLE else SOURCE
    if len(found) != 1:
        prices = ", ".join(f"{currency} {amount:g}" for amount, currency in sorted(found))
        what = f"several prices ({prices})" if found else "no price"
        raise PriceUnknownError(
            f"AWS's Price List has {what} of a batch transform with {instance_type} in {region}"
        )
    amount, currency = found.pop()
    return Price(amount, currency, instance_type, region, today.isoformat(), source)


def _usage_type(product: Mapping[str, Any]) -> str:
    return str(product.get("product", {}).get("attributes", {}).get("usagetype", ""))


def _hourly(product: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    """Yield each price of an hour on demand, with its currency."""
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            if str(dimension.get("unit", "")).lower() in _HOURS:
                for currency, amount in dimension.get("pricePerUnit", {}).items():
                    if float(amount) > 0:  # a free tier is not a price
                        yield float(amount), str(currency)
