from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from run_states import MOST_EVENTS, passed_states

NOW = datetime(2026, 11, 30, 2, tzinfo=UTC)
ARN = "arn:aws:states:eu-west-1:123456789012:execution:churn:nightly"


class FakeStates:
    """A history of states that were entered a second apart, a page for each."""

    def __init__(self, *names: str, error: Exception | None = None) -> None:
        self.names = names
        self.error = error

    def get_paginator(self, operation_name: str, /) -> FakeStates:
        assert operation_name == "get_execution_history"
        return self

    def paginate(
        self,
        *,
        executionArn: str,  # noqa: N803  # AWS's names
        includeExecutionData: bool,  # noqa: N803
        PaginationConfig: dict[str, int],  # noqa: N803
    ) -> Iterator[dict[str, Any]]:
        assert (executionArn, includeExecutionData, PaginationConfig["MaxItems"]) == (ARN, False, MOST_EVENTS)
        if self.error:
            raise self.error
        for at, name in enumerate(self.names):
            entered = {"stateEnteredEventDetails": {"name": name}, "timestamp": NOW + timedelta(seconds=at)}
            yield {"events": [entered, {"type": "PassStateExited", "timestamp": NOW}]}


def test_a_state_is_left_when_the_next_one_is_entered_and_the_last_one_is_in_progress() -> None:
    now = NOW + timedelta(seconds=5)
    assert passed_states(ARN, FakeStates("PrepareRun", "Preflight", "Transform"), now) == [
        ("PrepareRun", NOW, NOW + timedelta(seconds=1)),
        ("Preflight", NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)),
        ("Transform", NOW + timedelta(seconds=2), now),
    ]


def test_without_an_answer_there_are_no_states_and_a_line_in_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetExecutionHistory")
    assert passed_states(ARN, FakeStates(error=error), NOW) == []
    assert capsys.readouterr().out.startswith("the states of the run aren't known: ")
