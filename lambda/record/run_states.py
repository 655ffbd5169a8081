"""The states that a run has passed, with their times, from its execution's history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

MOST_EVENTS = 5_000
"""A page needs no more: a run that waits for hours has a few events for each check."""

Passed = tuple[str, datetime, datetime]


class StatesClient(Protocol):
    """The part of boto3's Step Functions client that is used here."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""


def passed_states(execution_arn: str, states: StatesClient, now: datetime) -> list[Passed]:
    """Return name, start and end of the states, in order; the last one is still in progress, and ends `now`.

    Without an answer the list is empty, with a line in the log: the page does without it.
    """
    try:
        events = _events(execution_arn, states)
    except (ClientError, BotoCoreError) as error:
        print(f"the states of the run aren't known: {error}")  # noqa: T201  # for the function's log
        return []
    entered: list[tuple[str, datetime]] = [
        (details["name"], event["timestamp"])
        for event in events
        if (details := event.get("stateEnteredEventDetails"))
    ]
    ends = [*(moment for _, moment in entered[1:]), now]
    return [(name, start, end) for (name, start), end in zip(entered, ends, strict=False)]


_OUTCOMES = {
    "ExecutionSucceeded": "Completed",
    "ExecutionFailed": "Failed",
    "ExecutionAborted": "Aborted",
    "ExecutionTimedOut": "TimedOut",
}


def outcome_of(execution_arn: str, states: StatesClient) -> str | None:
    """Return how an execution ended, as a record has it; None while it is in progress.

    One that Step Functions has forgotten ended in a way that isn't known: Aborted.
    """
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=execution_arn,
        includeExecutionData=False,
        reverseOrder=True,
        PaginationConfig={"MaxItems": 1, "PageSize": 1},
    )
    try:
        last = next((event["type"] for page in pages for event in page["events"]), "")
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return "Aborted"
        raise
    return _OUTCOMES.get(last)


def _events(execution_arn: str, states: StatesClient) -> list[Mapping[str, Any]]:
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=execution_arn,
        includeExecutionData=False,
        PaginationConfig={"MaxItems": MOST_EVENTS, "PageSize": 1000},
    )
    return [event for page in pages for event in page["events"]]
