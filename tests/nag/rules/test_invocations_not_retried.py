"""Model clients that give up at once, and model clients that retry."""

from __future__ import annotations

from typing import Any

import pytest

from nag.apps import findings, machine, task


def found(client: dict[str, Any] | None) -> set[str]:
    states = {"Transform": task("JSONata", members={"ModelClientConfig": client})}
    return findings(lambda stack: machine(stack, "JSONata", states))


def test_noncompliance_of_no_retries() -> None:
    assert found({"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 60}) == {
        "InvocationsNotRetried[Transform]"
    }


@pytest.mark.parametrize("client", [None, {"InvocationsMaxRetries": 3, "InvocationsTimeoutInSeconds": 600}])
def test_compliance_of_awss_default_and_of_retries(client: dict[str, Any] | None) -> None:
    assert found(client) == set()
