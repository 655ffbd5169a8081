"""Starts that can get lost, and starts with a dead-letter queue."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_scheduler as scheduler

from nag.apps import findings, machine, task

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:lost"


def define(stack: cdk.Stack, kind: str, *, queue: bool, runs_job: bool = True) -> None:
    other = {"Type": "Pass", "End": True}
    started = machine(stack, "JSONata", {"Transform": task("JSONata") if runs_job else other})
    if kind in {"schedule", "universal target"}:
        arn, arguments = started.attr_arn, None
        if kind == "universal target":
            arn = f"arn:{cdk.Aws.PARTITION}:scheduler:::aws-sdk:sfn:startExecution"
            arguments = stack.to_json_string({"StateMachineArn": started.attr_arn, "Input": "{}"})
        scheduler.CfnSchedule(
            stack,
            "Schedule",
            schedule_expression="rate(1 day)",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=arn,
                input=arguments,
                role_arn="arn:aws:iam::111122223333:role/start",
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=QUEUE)
                if queue
                else None,
            ),
        )
        return
    events.CfnRule(
        stack,
        "Rule",
        event_pattern={"source": ["aws.s3"]},
        targets=[
            events.CfnRule.TargetProperty(
                id="Target",
                arn=started.ref,
                role_arn="arn:aws:iam::111122223333:role/start",
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=QUEUE) if queue else None,
            )
        ],
    )


KINDS = pytest.mark.parametrize("kind", ["schedule", "universal target", "rule"])


@KINDS
def test_noncompliance_without_a_queue(kind: str) -> None:
    assert findings(lambda stack: define(stack, kind, queue=False)) == {"StartCanBeLost[Target]"}


@KINDS
def test_compliance_with_a_queue(kind: str) -> None:
    assert findings(lambda stack: define(stack, kind, queue=True)) == set()


@KINDS
def test_not_applicable_to_a_machine_without_a_transform_job(kind: str) -> None:
    assert findings(lambda stack: define(stack, kind, queue=False, runs_job=False)) == set()
