"""A schedule that starts a job, and the role that EventBridge Scheduler uses for it."""

from __future__ import annotations

from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from batch_transform.job.values.job_spec import ScheduleSpec
from batch_transform_cdk.ground.description import OF_SCHEDULE, within
from batch_transform_cdk.ground.service_role import ServiceRole
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import PARTITION, json_text
from batch_transform_cdk.machine.workflow import StateMachine
from batch_transform_cdk.starts.undelivered_starts import UndeliveredStarts

RETRY_SECONDS = 3600
"""How long a failed start is retried. A run that would start later than that deserves a look first."""

RETRIES = 10

# The universal target, since the templated one, the machine's ARN, can't name the execution (Scheduler User Guide).
_START_EXECUTION = f"arn:{PARTITION}:scheduler:::aws-sdk:sfn:startExecution"
_EXECUTION_ID = "<aws.scheduler.execution-id>"


def start_role(
    scope: Construct,
    construct_id: str,
    *,
    description: str,
    state_machine_arn: str,
    undelivered_starts: UndeliveredStarts,
) -> ServiceRole:
    """Define a role that may start this state machine and send undelivered starts to the queue."""
    return ServiceRole(
        scope,
        construct_id,
        service="scheduler.amazonaws.com",
        description=description,
        policy_name="Start",
        statements=[
            Statement(actions=["states:StartExecution"], resources=[state_machine_arn]),
            *undelivered_starts.send_statements(),
        ],
    )


class Schedule(Construct):
    """Define an EventBridge Scheduler schedule that starts a state machine with the schedule's input.

    A failed start is retried for an hour, and then sent to `undelivered_starts`. EventBridge Scheduler delivers at
    least once (User Guide). Its execution id names the execution, `schedule-NAME-ID` or `schedule-ID`, so a start that
    is delivered twice starts one run.

    `BatchTransform.add_schedule` does this for a job, with its alarms.

    Usage::

        Schedule(
            self,
            "Nightly",
            spec=ScheduleSpec(cron="0 2 * * ? *", timezone="Europe/Vienna"),
            state_machine=machine,
            undelivered_starts=UndeliveredStarts(self, "UndeliveredStarts"),
        )
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: ScheduleSpec,
        state_machine: StateMachine,
        undelivered_starts: UndeliveredStarts,
    ) -> None:
        super().__init__(scope, construct_id)
        machine_arn = state_machine.state_machine_arn
        description = f"Starts {self.node.path.rpartition('/')[0]}"
        role = start_role(
            self,
            "Role",
            description=description,
            state_machine_arn=machine_arn,
            undelivered_starts=undelivered_starts,
        )
        window = spec.maximum_window_in_minutes
        self.resource = scheduler.CfnSchedule(
            self,
            "Resource",
            description=within(OF_SCHEDULE, description),
            end_date=spec.end_date,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                mode="OFF" if window is None else "FLEXIBLE", maximum_window_in_minutes=window
            ),
            schedule_expression=spec.expression,
            schedule_expression_timezone=spec.timezone,
            start_date=spec.start_date,
            state="ENABLED" if spec.enabled else "DISABLED",
            target=scheduler.CfnSchedule.TargetProperty(
                arn=_START_EXECUTION,
                role_arn=role.arn,
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                    arn=undelivered_starts.queue_arn
                ),
                input=json_text(
                    self,
                    {
                        "StateMachineArn": machine_arn,
                        "Name": "-".join(["schedule", *([spec.name] if spec.name else []), _EXECUTION_ID]),
                        "Input": json_text(self, dict(spec.input)),
                    },
                    references=(machine_arn,),
                ),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=RETRY_SECONDS, maximum_retry_attempts=RETRIES
                ),
            ),
        )
