"""Schedules that start a state machine by StartExecution itself: the universal target of EventBridge Scheduler.

`arn:aws:scheduler:::aws-sdk:sfn:startExecution` has the members of StartExecution in its Input, with a capital first
letter (EventBridge Scheduler User Guide, "Using universal targets"). The templated target, the machine's ARN, can't
name the execution. The emulator has only that one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError

_START_EXECUTION = ":scheduler:::aws-sdk:sfn:startExecution"


@dataclass(frozen=True)
class StartTarget:
    """What a universal target starts. `name` is empty if Step Functions chooses it."""

    machine: str
    name: str
    run_input: str

    @classmethod
    def of(cls, target: Mapping[str, Any]) -> StartTarget | None:
        """Return the start of a universal target; None for any other target, or if it names no machine."""
        if not str(target["Arn"]).endswith(_START_EXECUTION):
            return None
        try:
            given = json.loads(target.get("Input") or "{}")
            machine = given["StateMachineArn"]
        except (ValueError, KeyError, TypeError):
            return None
        return cls(str(machine), str(given.get("Name", "")), str(given.get("Input", "{}")))

    def start(self) -> None:
        """Start the execution. Raises RefusedRequestError with the error of StartExecution."""
        request = {"stateMachineArn": self.machine, "input": self.run_input}
        if self.name:
            request["name"] = self.name
        status, _, body = stepfunctions._start_execution(request)
        if status >= 400:
            refused = json.loads(body)
            raise RefusedRequestError(str(refused["__type"]), str(refused["message"]))


def delivered_to(target: Mapping[str, Any]) -> str:
    """Return the ARN of what the target delivers to: of a universal target, the machine that it starts."""
    start = StartTarget.of(target)
    return start.machine if start else str(target["Arn"])
