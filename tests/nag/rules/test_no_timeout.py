"""A transform job with and without a timeout."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest

from nag.apps import findings, machine, task


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_noncompliance_without_any_timeout(language: str) -> None:
    def define(stack: cdk.Stack) -> None:
        machine(stack, language, {"Transform": task(language, TimeoutSeconds=None)})

    assert findings(define) == {"NoTimeout[Transform]"}


@pytest.mark.parametrize(
    ("state", "whole"),
    [
        ({"TimeoutSeconds": 60}, {}),
        ({"TimeoutSeconds": None, "TimeoutSecondsPath": "$.seconds"}, {}),
        ({"TimeoutSeconds": None}, {"TimeoutSeconds": 7200}),
    ],
)
def test_compliance_with_a_timeout_of_the_task_or_of_the_execution(
    state: dict[str, Any], whole: dict[str, Any]
) -> None:
    def define(stack: cdk.Stack) -> None:
        machine(stack, "JSONPath", {"Transform": task("JSONPath", **state)}, **whole)

    assert findings(define) == set()
