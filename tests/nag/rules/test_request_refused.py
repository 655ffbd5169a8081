"""Requests that the API refuses, and requests that it accepts."""

from __future__ import annotations

from typing import Any

import pytest

from nag.apps import KEY, findings, machine, report, task


def resources(instance_type: str) -> dict[str, Any]:
    return {"TransformResources": {"InstanceType": instance_type, "InstanceCount": 1, "VolumeKmsKeyId": KEY}}


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@pytest.mark.parametrize(
    ("members", "at"),
    [
        (resources("ml.ml.m5.large"), "TransformResources.InstanceType"),
        (resources("m5.large"), "TransformResources.InstanceType"),
        ({"BatchStrategy": "Multi"}, "BatchStrategy"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "MaxConcurrentTransforms"),
        ({"ModelClientConfig": {"InvocationsMaxRetries": 9}}, "ModelClientConfig.InvocationsMaxRetries"),
    ],
)
def test_noncompliance_of_a_member_that_the_api_refuses(
    language: str, members: dict[str, Any], at: str
) -> None:
    states = {"Transform": task(language, members=members)}
    assert findings(lambda stack: machine(stack, language, states)) == {f"RequestRefused[Transform/{at}]"}


def test_the_finding_has_the_names_of_the_api_not_of_a_job_file() -> None:
    states = {"Transform": task("JSONata", members={"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2})}
    [violation] = report(lambda stack: machine(stack, "JSONata", states))["violations"]
    assert "max_payload" not in violation["description"]


@pytest.mark.parametrize(
    "members",
    [
        {"BatchStrategy": "MultiRecord", "MaxPayloadInMB": 50, "MaxConcurrentTransforms": 2},
        {"MaxPayloadInMB": "{% $states.input.megabytes %}", "MaxConcurrentTransforms": 90},
        {"Environment": {"LEVEL": "debug"}, "Tags": [{"Key": "team", "Value": "churn"}]},
    ],
)
def test_compliance_of_a_member_that_the_api_accepts(members: dict[str, Any]) -> None:
    states = {"Transform": task("JSONata", members=members)}
    assert findings(lambda stack: machine(stack, "JSONata", states)) == set()
