"""The Price List, as boto3 sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from batch_transform.job.price.price_list import price_in, query
from batch_transform.local.up import LocalAws


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(enforce_iam=True) as aws:
        yield aws


def person(aws: LocalAws, *actions: str) -> Any:
    iam, name = aws.client("iam"), f"user-{len(actions)}"
    iam.create_user(UserName=name)
    if actions:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.client(
        "pricing",
        region_name="eu-central-1",
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def test_the_price_of_batch_transform_is_found_for_any_region(aws: LocalAws) -> None:
    pricing = person(aws, "pricing:GetProducts")
    for region, currency in (("us-east-1", "USD"), ("eu-west-3", "USD"), ("cn-north-1", "CNY")):
        products = pricing.get_products(**query("ml.m5.large", region))["PriceList"]
        assert len(products) > 1  # hosting and training too
        price = price_in(products, "ml.m5.large", region, date(2026, 11, 30))
        assert (price.amount_per_hour, price.currency) == (0.115, currency)
        assert price.source == "example price of the local AWS"
    assert pricing.get_products(**query("ml.unknown.large", "us-east-1"))["PriceList"] == []
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode="AmazonSageMaker", PaginationConfig={"PageSize": 10}
    )
    counts = [len(page["PriceList"]) for page in pages]
    assert counts[0] == 10
    assert len(counts) > 2


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"ServiceCode": "AmazonEC2"}, "NotFoundException"),
        (
            {
                "ServiceCode": "AmazonSageMaker",
                "Filters": [{"Type": "CONTAINS", "Field": "usagetype", "Value": "Tsform"}],
            },
            "InvalidParameterException",
        ),
    ],
)
def test_what_it_does_not_have_is_refused(aws: LocalAws, request_: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        aws.client("pricing").get_products(**request_)
    assert refused.value.response["Error"]["Code"] == code


def test_prices_need_a_permission(aws: LocalAws) -> None:
    with pytest.raises(ClientError) as refused:
        person(aws).get_products(**query("ml.m5.large", "us-east-1"))
    error = refused.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert "pricing:GetProducts" in error["Message"]
