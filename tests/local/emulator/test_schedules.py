from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

PASS = {"Done": {"Type": "Pass", "End": True}}


def schedule(lab: Any, expression: str, machine: str) -> str:
    name = lab.name()
    lab.aws.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": machine,
            "RoleArn": "arn:aws:iam::000000000000:role/scheduler",
            "Input": json.dumps({"comment": name}),
        },
    )
    return str(name)


def test_an_at_schedule_starts_the_state_machine_within_seconds(lab: Any, until: Callable[..., None]) -> None:
    machine = lab.machine(PASS)
    moment = datetime.now(timezone.utc) + timedelta(seconds=1)
    name = schedule(lab, f"at({moment:%Y-%m-%dT%H:%M:%S})", machine)
    until(lambda: lab.states.list_executions(stateMachineArn=machine)["executions"], seconds=10)
    (execution,) = lab.states.list_executions(stateMachineArn=machine)["executions"]
    described = lab.execution(execution["executionArn"])
    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["input"]) == {"comment": name}


@pytest.mark.timeout(150)
def test_a_rate_and_a_cron_schedule_start_their_state_machines(lab: Any, until: Callable[..., None]) -> None:
    machines = {expression: lab.machine(PASS) for expression in ("rate(1 minute)", "cron(* * * * ? *)")}
    for expression, machine in machines.items():
        schedule(lab, expression, machine)
    for machine in machines.values():  # a minute is the shortest that there is
        until(lambda: lab.states.list_executions(stateMachineArn=machine)["executions"], seconds=75)  # noqa: B023  # it is called in this turn
