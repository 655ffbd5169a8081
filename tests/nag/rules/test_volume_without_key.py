"""Volumes without and with a customer managed key."""

from __future__ import annotations

from typing import Any

import pytest

from nag.apps import KEY, findings, machine, task


def found(language: str, resources: dict[str, Any]) -> set[str]:
    states = {"Transform": task(language, members={"TransformResources": {"InstanceCount": 1, **resources}})}
    return findings(lambda stack: machine(stack, language, states))


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_noncompliance_of_a_volume_without_a_key(language: str) -> None:
    assert found(language, {"InstanceType": "ml.m5.large"}) == {"VolumeWithoutKey[Transform]"}


@pytest.mark.parametrize(
    "resources",
    [
        {"InstanceType": "ml.m5.large", "VolumeKmsKeyId": KEY},
        {"InstanceType": "ml.g5.xlarge"},
    ],
)
def test_compliance_of_a_volume_with_a_key_and_of_a_type_that_does_not_support_one(
    resources: dict[str, Any],
) -> None:
    assert found("JSONata", resources) == set()
