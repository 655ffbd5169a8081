"""Service Quotas, as boto3 and `doctor` see it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from batch_transform.doctor.account import Account


def test_an_accounts_own_quotas_replace_the_defaults(lab: Any) -> None:
    quotas = Account(lab.aws.client).transform_quotas()
    assert quotas["ml.m5.large"] == 20  # type: ignore[index]  # it can be read
    assert quotas["ml.c5.2xlarge"] == 0  # type: ignore[index]  # as the file of `--quotas` says


def test_quotas_are_returned_a_page_at_a_time(lab: Any) -> None:
    client = lab.aws.client("service-quotas")
    pages = client.get_paginator("list_aws_default_service_quotas").paginate(
        ServiceCode="sagemaker", PaginationConfig={"PageSize": 5}
    )
    found = [page["Quotas"] for page in pages]
    assert len(found[0]) == 5
    names = [quota["QuotaName"] for page in found for quota in page]
    assert names == sorted(set(names))
    assert len(names) > 10


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("list_service_quotas", {"ServiceCode": "ec2"}, "NoSuchResourceException"),
        ("list_services", {}, "UnknownOperationException"),
    ],
)
def test_fails_for_what_the_local_aws_lacks(
    lab: Any, operation: str, request_: dict[str, str], code: str
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(lab.aws.client("service-quotas"), operation)(**request_)
    assert error.value.response["Error"]["Code"] == code
