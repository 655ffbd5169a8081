"""The Price List as a service of the emulator: GetProducts for the instance types of batch transform.

Its prices are examples. They are public prices of us-east-1 as tutorials quote them, the same in every region, so that
figures in a rehearsal have the right size; what AWS charges is in AWS's Price List. An instance type that isn't in the
table has no product, as on AWS an instance type that a region lacks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from batch_transform.job.price.price_list import EXAMPLE
from batch_transform.local.emulator import stateless_service
from batch_transform.local.emulator.operations import HttpAnswer, refusal

NAME = "pricing"
EXAMPLES_OF = "2026-11-30"
EXAMPLE_PRICES = {
    "ml.m4.xlarge": 0.24,
    "ml.m5.large": 0.115,
    "ml.m5.xlarge": 0.23,
    "ml.m5.2xlarge": 0.461,
    "ml.m5.4xlarge": 0.922,
    "ml.m5.12xlarge": 2.765,
    "ml.m5.24xlarge": 5.53,
    "ml.c4.xlarge": 0.239,
    "ml.c5.xlarge": 0.204,
    "ml.c5.2xlarge": 0.408,
    "ml.c5.4xlarge": 0.816,
    "ml.c5.9xlarge": 1.836,
    "ml.c5.18xlarge": 3.672,
    "ml.g4dn.xlarge": 0.736,
    "ml.g4dn.2xlarge": 0.94,
    "ml.g4dn.12xlarge": 4.89,
    "ml.g5.xlarge": 1.408,
    "ml.g5.2xlarge": 1.515,
    "ml.p3.2xlarge": 3.825,
}
"""USD for an hour of one instance."""

_JSON = {"Content-Type": "application/x-amz-json-1.1"}
_SERVICE = "AmazonSageMaker"
_MOST = 100
_PREFIX_BY_REGION = {"us-east-1": "USE1", "us-east-2": "USE2", "us-west-2": "USW2", "eu-west-1": "EU"}
_KINDS = {"Hosting": "Host", "Training": "Train", "BatchTransform": "Tsform"}
"""The kind of use, with its name in usage types. AWS has more of them."""


def plug_in() -> None:
    """Route the Price List's requests here."""
    stateless_service.plug_in(
        NAME, _answer, target_prefix="AWSPriceListService.", host_pattern=r"^api\.pricing\."
    )


def _answer(operation: str, request: Mapping[str, Any]) -> HttpAnswer:
    if operation != "GetProducts":
        return refusal("UnknownOperationException", f"the local AWS has no {NAME}:{operation}")
    return get_products(request)


def get_products(request: Mapping[str, Any]) -> HttpAnswer:
    """Answer GetProducts: the products whose attributes have the values of all filters."""
    filters = {one["Field"]: (one["Type"], one["Value"]) for one in request.get("Filters", [])}
    if any(kind not in {"TERM_MATCH", "EQUALS"} for kind, _ in filters.values()):
        return refusal("InvalidParameterException", "the local AWS has filters of the type TERM_MATCH alone")
    if request.get("ServiceCode") != _SERVICE:
        return refusal("NotFoundException", f"the local AWS has prices of {_SERVICE} alone")
    wanted = {field: value for field, (_, value) in filters.items()}
    region = wanted.get("regionCode", "us-east-1")
    found = [
        json.dumps(product)
        for product in _products(region)
        if all(product["product"]["attributes"].get(field) == value for field, value in wanted.items())
    ]
    start, most = int(request.get("NextToken") or 0), int(request.get("MaxResults") or _MOST)
    page = found[start : start + most]
    answer: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": page}
    if start + most < len(found):
        answer["NextToken"] = str(start + most)
    return 200, dict(_JSON), json.dumps(answer).encode()


def _products(region: str) -> Iterator[dict[str, Any]]:
    prefix = _PREFIX_BY_REGION.get(region, region.replace("-", "").upper())
    currency = "CNY" if region.startswith("cn-") else "USD"
    for instance_type, amount in EXAMPLE_PRICES.items():
        for kind, short in _KINDS.items():
            usage = f"{prefix}-{short}:{instance_type}"
            yield {
                "product": {
                    "productFamily": "ML Instance",
                    "attributes": {
                        "regionCode": region,
                        "servicecode": _SERVICE,
                        "instanceName": instance_type,
                        "platoinstancetype": kind,
                        "usagetype": usage,
                        "operation": "RunInstance",
                    },
                    "sku": usage,
                },
                "serviceCode": _SERVICE,
                "terms": {"OnDemand": {f"{usage}.T": {"priceDimensions": {f"{usage}.T.D": {
                    "unit": "Hrs",
                    "beginRange": "0",
                    "endRange": "Inf",
                    "description": f"an example price of {kind} {instance_type}, {EXAMPLES_OF}",
                    "pricePerUnit": {currency: f"{amount:.10f}"},
                }}}}},
                "version": EXAMPLE,
                "publicationDate": f"{EXAMPLES_OF}T00:00:00Z",
            }  # fmt: skip
