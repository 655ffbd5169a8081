"""The schedule that starts a job by itself."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from batch_transform.spec.job_spec import ScheduleSpec


class Schedule(Construct):
    """Define an EventBridge Scheduler schedule that starts the state machine with no overrides.

    A start that fails is tried again for an hour. The Scheduler delivers at least once (User Guide): in
    rare cases it starts a run twice, and each of the two has an output prefix of its own.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, spec: ScheduleSpec, state_machine: sfn.StateMachine
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            # Only schedules of this account may use the role (Scheduler User Guide, confused deputy).
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            ),
            inline_policies={
                "Start": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=["states:StartExecution"], resources=[state_machine.state_machine_arn]
                        )
                    ]
                )
            },
        )
        self.resource = scheduler.CfnSchedule(
            self,
            "Resource",
            description=f"Starts {state_machine.node.path}",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            schedule_expression=spec.expression,
            schedule_expression_timezone=spec.timezone,
            state="ENABLED" if spec.enabled else "DISABLED",
            target=scheduler.CfnSchedule.TargetProperty(
                arn=state_machine.state_machine_arn,
                role_arn=role.role_arn,
                input=json.dumps(dict(spec.input), sort_keys=True),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=3600, maximum_retry_attempts=10
                ),
            ),
        )
