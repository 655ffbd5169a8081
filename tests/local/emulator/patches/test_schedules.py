from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from batch_transform.local.up import LocalAws

PASS = {"Done": {"Type": "Pass", "End": True}}
NOWHERE = "arn:aws:states:us-east-1:000000000000:stateMachine:nowhere"


def schedule(lab: Any, expression: str, machine: str, *, queue: str = "", **members: Any) -> str:
    """Make a schedule. Its time passes 20 times as fast as on AWS: see the fixture `aws`."""
    name = str(lab.name())
    target = {
        "Arn": machine,
        "RoleArn": "arn:aws:iam::000000000000:role/scheduler",
        "Input": json.dumps({"comment": name}),
    }
    if queue:
        target["DeadLetterConfig"] = {"Arn": queue}  # type: ignore[assignment] # a structure among texts
    lab.aws.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=expression,
        **{"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target, **members},
    )
    return name


def started(lab: Any, machine: str) -> list[Any]:
    executions: list[Any] = lab.states.list_executions(stateMachineArn=machine)["executions"]
    return executions


def queue_of(lab: Any) -> tuple[str, str]:
    sqs = lab.aws.client("sqs")
    url = sqs.create_queue(QueueName=lab.name())["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def test_a_one_time_schedule_starts_the_machine_with_its_input_and_is_deleted(
    lab: Any, until: Callable[..., None]
) -> None:
    machine = lab.machine(PASS)
    moment = datetime.now(UTC) + timedelta(minutes=1)
    name = schedule(lab, f"at({moment:%Y-%m-%dT%H:%M:%S})", machine, ActionAfterCompletion="DELETE")
    until(lambda: started(lab, machine))
    (execution,) = started(lab, machine)
    assert json.loads(lab.execution(execution["executionArn"])["input"]) == {"comment": name}
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lab.aws.client("scheduler").get_schedule(Name=name)


def test_a_one_time_schedule_is_read_in_its_time_zone(lab: Any, until: Callable[..., None]) -> None:
    machine, other = lab.machine(PASS), lab.machine(PASS)
    local = datetime.now(UTC) + timedelta(hours=5, minutes=31)  # one minute from now in Kolkata
    schedule(lab, f"at({local:%Y-%m-%dT%H:%M:%S})", machine, ScheduleExpressionTimezone="Asia/Kolkata")
    schedule(lab, f"at({local:%Y-%m-%dT%H:%M:%S})", other)
    until(lambda: started(lab, machine))
    assert not started(lab, other)


def test_rate_and_cron_start_again_and_again(lab: Any, until: Callable[..., None]) -> None:
    machines = {expression: lab.machine(PASS) for expression in ("rate(1 minute)", "cron(* * * * ? *)")}
    for expression, machine in machines.items():
        schedule(lab, expression, machine)
    for machine in machines.values():
        until(lambda: len(started(lab, machine)) > 1)  # noqa: B023  # it is called in this turn


def test_disabled_future_and_past_schedules_start_nothing(lab: Any, until: Callable[..., None]) -> None:
    machine = lab.machine(PASS)
    now = datetime.now(UTC)
    schedule(lab, "rate(1 minute)", machine, State="DISABLED")
    schedule(lab, "rate(1 minute)", machine, StartDate=now + timedelta(days=1))
    schedule(lab, "cron(* * * * ? *)", machine, EndDate=now - timedelta(seconds=1))
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    flexible = lab.machine(PASS)
    schedule(lab, "rate(1 minute)", flexible, FlexibleTimeWindow=window)
    until(lambda: len(started(lab, flexible)) > 1)  # by now the others would have started too
    assert not started(lab, machine)


def test_a_failed_start_is_sent_to_the_dead_letter_queue(lab: Any, until: Callable[..., None]) -> None:
    url, arn = queue_of(lab)
    name = schedule(lab, "rate(1 hour)", NOWHERE, queue=arn)
    found: list[Any] = []

    def received() -> bool:
        found.extend(lab.aws.client("sqs").receive_message(QueueUrl=url).get("Messages", []))
        return bool(found)

    until(received)
    assert [json.loads(letter["Body"]) for letter in found] == [{"comment": name}]


@pytest.mark.parametrize(
    ("expression", "members", "message"),
    [
        ("cron(0 2 * * *)", {}, r"Invalid Schedule Expression cron\(0 2 \* \* \*\)"),
        ("rate(1 hour)", {"ScheduleExpressionTimezone": "Europe/Wien"}, "Europe/Wien"),
        (
            "rate(1 hour)",
            {"StartDate": datetime(2020, 1, 1, tzinfo=UTC)},
            "The StartDate you specify cannot be earlier than 5 minutes ago",
        ),
    ],
)
def test_fails_for_schedules_that_aws_refuses(
    lab: Any, expression: str, members: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        schedule(lab, expression, NOWHERE, **members)


def test_a_stack_creates_changes_and_deletes_schedules_with_all_their_properties(lab: Any) -> None:
    cloudformation, scheduler = lab.aws.client("cloudformation"), lab.aws.client("scheduler")
    stack, name = lab.name(), lab.name()

    def template(**changes: Any) -> str:
        properties = {
            "Name": name,
            "ScheduleExpression": "cron(0 2 * * ? *)",
            "ScheduleExpressionTimezone": "Europe/Vienna",
            "StartDate": "2040-01-01T00:00:00Z",
            "EndDate": "2041-01-01T00:00:00Z",
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
            "Target": {"Arn": NOWHERE, "RoleArn": "arn:aws:iam::000000000000:role/scheduler"},
            **changes,
        }
        return json.dumps(
            {"Resources": {"Nightly": {"Type": "AWS::Scheduler::Schedule", "Properties": properties}}}
        )

    cloudformation.create_stack(StackName=stack, TemplateBody=template())
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack)
    made = scheduler.get_schedule(Name=name)
    assert made["ScheduleExpressionTimezone"] == "Europe/Vienna"
    assert made["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    assert (made["StartDate"].year, made["EndDate"].year) == (2040, 2041)
    cloudformation.update_stack(StackName=stack, TemplateBody=template(State="DISABLED"))
    cloudformation.get_waiter("stack_update_complete").wait(StackName=stack)
    assert scheduler.get_schedule(Name=name)["State"] == "DISABLED"
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        scheduler.get_schedule(Name=name)


def test_a_stack_with_a_schedule_that_aws_refuses_fails(lab: Any) -> None:
    cloudformation, stack = lab.aws.client("cloudformation"), lab.name()
    properties = {
        "ScheduleExpression": "cron(0 2 * * *)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": NOWHERE, "RoleArn": "arn:aws:iam::000000000000:role/scheduler"},
    }
    template = {"Resources": {"Nightly": {"Type": "AWS::Scheduler::Schedule", "Properties": properties}}}
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps(template), OnFailure="DO_NOTHING")
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any("Invalid Schedule Expression" in reason for reason in reasons)


def test_without_schedules_nothing_is_started(make_lab: Any, lab: Any, until: Callable[..., None]) -> None:
    with LocalAws(schedules=False, schedule_scale=0.05) as aws:
        without = make_lab(aws)
        machine, same = without.machine(PASS), lab.machine(PASS)
        schedule(without, "rate(1 minute)", machine)
        schedule(lab, "rate(1 minute)", same)
        until(lambda: started(lab, same))  # by now the other would have started too
        assert not started(without, machine)


WAIT = {"Pause": {"Type": "Wait", "Seconds": 2, "Next": "Done"}, **PASS}
"""Longer than a duplicate takes to arrive."""


def universal(lab: Any, machine: str, run_input: str, name: str, *, queue: str = "") -> str:
    """Make a schedule that is due now, and starts the machine by StartExecution."""
    made = str(lab.name())
    target: dict[str, Any] = {
        "Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
        "RoleArn": "arn:aws:iam::000000000000:role/scheduler",
        "Input": json.dumps({"StateMachineArn": machine, "Name": name, "Input": run_input}),
    }
    if queue:
        target["DeadLetterConfig"] = {"Arn": queue}
    lab.aws.client("scheduler").create_schedule(
        Name=made,
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )
    return made


def test_a_universal_target_names_the_execution_and_fills_in_context_attributes(
    lab: Any, until: Callable[..., None]
) -> None:
    machine = lab.machine(PASS)
    context = {
        name: f"<aws.scheduler.{name}>" for name in ("schedule-arn", "scheduled-time", "attempt-number")
    }
    name = universal(lab, machine, json.dumps(context), "schedule-<aws.scheduler.execution-id>")
    until(lambda: started(lab, machine))
    (execution,) = started(lab, machine)
    assert re.fullmatch(r"schedule-[0-9a-f]{16}", execution["name"])
    given = json.loads(lab.execution(execution["executionArn"])["input"])
    assert given["schedule-arn"].endswith(f":schedule/default/{name}")
    assert datetime.fromisoformat(given["scheduled-time"]) <= datetime.now(UTC)
    assert given["attempt-number"] == "1"


def test_a_start_that_step_functions_refuses_is_sent_to_the_dead_letter_queue(
    lab: Any, until: Callable[..., None]
) -> None:
    machine = lab.machine(PASS)
    url, arn = queue_of(lab)
    lab.states.start_execution(stateMachineArn=machine, name="taken", input="{}")
    universal(lab, machine, '{"other": true}', "taken", queue=arn)
    found: list[Any] = []

    def received() -> bool:
        found.extend(lab.aws.client("sqs").receive_message(QueueUrl=url).get("Messages", []))
        return bool(found)

    until(received)
    assert json.loads(found[0]["Body"])["Name"] == "taken"
    assert len(started(lab, machine)) == 1


def test_the_name_and_the_input_of_a_running_execution_start_no_other(lab: Any) -> None:
    machine = lab.machine(WAIT)
    first, again = (
        lab.states.start_execution(stateMachineArn=machine, name="once", input='{"a": 1}') for _ in range(2)
    )
    assert again["executionArn"] == first["executionArn"]
    assert again["startDate"] == first["startDate"]
    with pytest.raises(
        ClientError, match=r"ExecutionAlreadyExists.*Execution Already Exists: 'arn:aws:states"
    ):
        lab.states.start_execution(stateMachineArn=machine, name="once", input='{"a": 2}')
    assert len(started(lab, machine)) == 1


def test_the_name_of_an_execution_that_has_ended_is_taken(lab: Any, until: Callable[..., None]) -> None:
    machine = lab.machine(PASS)
    first = lab.states.start_execution(stateMachineArn=machine, name="once")
    until(lambda: lab.execution(first["executionArn"])["status"] == "SUCCEEDED")
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        lab.states.start_execution(stateMachineArn=machine, name="once")
