"""A state machine, as those parts see it that start or watch it."""

from __future__ import annotations

from typing import Protocol


class StateMachine(Protocol):
    """Whatever has the ARN of a state machine: a job's `Workflow`, or any `IStateMachine` of the CDK."""

    @property
    def state_machine_arn(self) -> str: ...
