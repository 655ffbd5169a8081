from __future__ import annotations

import re

import pytest

from batch_transform.job.errors import UnknownImageError
from batch_transform.job.model.framework_images import (
    accounts_by_region,
    frameworks,
    image_uri_parts,
    repository,
    tag,
    versions,
)


@pytest.mark.parametrize(
    ("framework", "version", "region", "instance_type", "uri"),
    [
        # Addresses from AWS's page "Docker registry paths" and from the Deep Learning Containers' release notes.
        ("sklearn", "1.2-1", "us-east-1", "ml.m5.large", "683313688378/sagemaker-scikit-learn:1.2-1-cpu-py3"),
        (
            "sklearn",
            "0.23-1",
            "eu-west-1",
            "ml.m5.large",
            "141502667606/sagemaker-scikit-learn:0.23-1-cpu-py3",
        ),
        ("xgboost", "1.7-1", "us-west-2", "ml.m5.large", "246618743249/sagemaker-xgboost:1.7-1"),
        ("xgboost", "1.0-1", "us-west-2", "ml.m5.large", "246618743249/sagemaker-xgboost:1.0-1-cpu-py3"),
        ("pytorch", "2.6.0", "eu-central-1", "ml.m5.large", "763104351884/pytorch-inference:2.6.0-cpu-py312"),
        ("pytorch", "2.0.1", "cn-north-1", "ml.g5.xlarge", "727897471807/pytorch-inference:2.0.1-gpu-py310"),
    ],
)
def test_an_image_has_the_uri_that_aws_publishes(
    framework: str, version: str, region: str, instance_type: str, uri: str
) -> None:
    parts = image_uri_parts(framework, version, instance_type)
    assert f"{parts.accounts[region]}/{parts.repository}:{parts.tag}" == uri


def test_a_version_without_patch_is_the_newest_patch() -> None:
    assert tag("pytorch", "1.8") == tag("pytorch", "1.8.1")


def test_every_image_has_accounts_of_twelve_digits() -> None:
    for framework in frameworks():
        for version in versions(framework):
            accounts = accounts_by_region(framework, version)
            assert len(accounts) > 30
            assert all(re.fullmatch(r"\d{12}", account) for account in accounts.values())
            assert tag(framework, version).startswith(version)


def test_isolated_regions_have_only_the_versions_that_were_published_there() -> None:
    assert "us-isof-east-1" in accounts_by_region("pytorch", "2.1.0")
    assert "us-isof-east-1" not in accounts_by_region("pytorch", "2.0.1")
    assert "us-iso-east-1" not in accounts_by_region("pytorch", "2.6.0")


def test_fails_for_an_unknown_framework_and_names_the_known_ones() -> None:
    with pytest.raises(UnknownImageError, match="sklearn, xgboost, pytorch"):
        repository("tensorflow")


def test_fails_for_an_unknown_version_and_names_the_known_ones() -> None:
    with pytest.raises(UnknownImageError, match=re.escape("0.20.0, 0.23-1, 1.0-1, 1.2-1")):
        accounts_by_region("sklearn", "1.2")


def test_fails_where_an_instance_type_needs_another_image() -> None:
    with pytest.raises(UnknownImageError, match=re.escape("no image for ml.inf2.xlarge")):
        tag("pytorch", "2.6.0", "ml.inf2.xlarge")
