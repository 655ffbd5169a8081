"""The partitions that botocore knows: their names, domains and links."""

from __future__ import annotations

import re
from typing import Any

import boto3
import pytest
from botocore.loaders import Loader

from batch_transform.job.aws.console_links import (
    DOMAIN_OF_PARTITION,
    execution_link,
    queue_link,
    state_machine_link,
    transform_job_log_link,
    transform_jobs_link,
)
from batch_transform.job.aws.limits import ROLE_ARN
from batch_transform.job.aws.partitions import PARTITIONS, partition_of
from batch_transform.job.errors import PriceUnknownError
from batch_transform.job.price.price_list import endpoint_region

KNOWN: list[dict[str, Any]] = Loader().load_data("partitions")["partitions"]
REGIONS = [
    pytest.param(region, known, id=region)
    for known in KNOWN
    for region in known["regions"]
    if not region.endswith("-global")
]


def test_all_partitions_are_known() -> None:
    names = {known["id"] for known in KNOWN}
    assert {one.name for one in PARTITIONS} == names
    assert set(DOMAIN_OF_PARTITION) == names, "a mapping in a template has no default"


@pytest.mark.parametrize(("region", "known"), REGIONS)
def test_a_region_has_the_name_and_the_domain_of_its_partition(region: str, known: dict[str, Any]) -> None:
    found = partition_of(region)
    assert (found.name, found.dns_suffix) == (known["id"], known["outputs"]["dnsSuffix"])


@pytest.mark.parametrize(("region", "known"), REGIONS)
def test_links_lead_to_the_console_of_the_partition(region: str, known: dict[str, Any]) -> None:
    domain = DOMAIN_OF_PARTITION[known["id"]]
    suffix = known["outputs"]["dnsSuffix"]
    for link in (
        execution_link(region, "arn"),
        state_machine_link(region, "arn"),
        transform_jobs_link(region),
        transform_job_log_link(region, "churn-"),
        queue_link(region, "123456789012", "q", suffix),
    ):
        assert link.startswith(f"https://{region}.{domain}/")
    assert f"sqs.{region}.{suffix}%2F" in queue_link(region, "123456789012", "q", suffix)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: str(known["id"]))
def test_a_role_of_any_partition_may_be_named(known: dict[str, Any]) -> None:
    assert ROLE_ARN.pattern
    assert re.fullmatch(ROLE_ARN.pattern, f"arn:{known['id']}:iam::123456789012:role/churn")


@pytest.mark.parametrize(("region", "known"), REGIONS)
def test_prices_are_asked_for_in_the_same_partition_or_not_at_all(region: str, known: dict[str, Any]) -> None:
    try:
        asked = endpoint_region(region)
    except PriceUnknownError:
        assert known["id"] not in {"aws", "aws-cn"}
        return
    assert asked in boto3.Session().get_available_regions("pricing", partition_name=known["id"])
