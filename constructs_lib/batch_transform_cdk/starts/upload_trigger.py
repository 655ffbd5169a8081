"""Uploads that start a job, once no more of them come.

    S3 -> EventBridge rule -> on_upload (Lambda) -> a one-time schedule -> the state machine

Each upload puts the one-time schedule off; EventBridge Scheduler starts the machine when it is let alone, and
removes the schedule. Nothing waits and nothing is paid for meanwhile.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from batch_transform.job.values.job_spec import UploadSpec, WorkflowSpec
from batch_transform_cdk.data.data_buckets import send_events
from batch_transform_cdk.data.data_location import DataLocation
from batch_transform_cdk.ground.description import OF_RULE, within
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import arn, json_text
from batch_transform_cdk.ground.workflow_function import WorkflowFunction
from batch_transform_cdk.machine.workflow import StateMachine
from batch_transform_cdk.starts.schedule import RETRIES, RETRY_SECONDS, start_role
from batch_transform_cdk.starts.undelivered_starts import UndeliveredStarts

# Two, since one that is about to start is left alone: see `lambda/on_upload`.
_SLOTS = ("a", "b")


class UploadTrigger(Construct):
    """Define what starts the state machine after the last of several uploads below `data`.

    The bucket of `data` must send its events to EventBridge: one that this app defines is told to. (Add
    other notifications of such a bucket before: the CDK's way of adding them undoes it.) An upload that
    cannot be dealt with, and a start that fails, land in `undelivered_starts`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: UploadSpec,
        data: DataLocation,
        state_machine: StateMachine,
        undelivered_starts: UndeliveredStarts,
        encryption_key: kms.IKey | None = None,
        workflow: WorkflowSpec = WorkflowSpec(),  # noqa: B008  # it is frozen
    ) -> None:
        super().__init__(scope, construct_id)
        send_events(data.bucket)
        machine_arn = state_machine.state_machine_arn
        job = self.node.path.rpartition("/")[0]
        role = start_role(
            self,
            "Role",
            description=f"Starts {job}",
            state_machine_arn=machine_arn,
            undelivered_starts=undelivered_starts,
        )
        # Names, and no references: the function makes these schedules, CloudFormation never sees them.
        name = cdk.Names.unique_resource_name(self, max_length=62)
        schedules = [f"{name}-{slot}" for slot in _SLOTS]
        self.function = WorkflowFunction(
            self,
            "StartLater",
            name="on_upload",
            description=f"Puts the start of {job} off until uploads have come to rest",
            when_it_fails="what it cannot do goes to the queue of lost starts, as its destination on failure",
            workflow=workflow,
            encryption_key=encryption_key,
            environment={
                "SCHEDULES": ",".join(schedules),
                "STATE_MACHINE_ARN": machine_arn,
                "ROLE_ARN": role.arn,
                "LOST_STARTS_ARN": undelivered_starts.queue_arn,
                "INPUT": json_text(self, dict(spec.input)),
                "QUIET_SECONDS": str(spec.quiet_period_in_seconds),
                "RETRY_SECONDS": str(RETRY_SECONDS),
                "RETRIES": str(RETRIES),
            },
            statements=[
                Statement(
                    actions=["scheduler:CreateSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule"],
                    resources=[arn("scheduler", f"schedule/default/{name}") for name in schedules],
                ),
                Statement(
                    actions=["iam:PassRole"],
                    resources=[role.arn],
                    conditions={"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
                ),
                *undelivered_starts.send_statements(),
            ],
        )
        self._tell_of_failures(undelivered_starts)
        self.rule = self._rule(job, spec, data, undelivered_starts)
        lambda_.CfnPermission(
            self,
            "MayInvoke",
            action="lambda:InvokeFunction",
            function_name=self.function.arn,
            principal="events.amazonaws.com",
            source_arn=self.rule.attr_arn,
        )

    def _tell_of_failures(self, undelivered_starts: UndeliveredStarts) -> None:
        # EventBridge hands the event over and forgets it: what the function cannot do, Lambda tries twice
        # more, and then tells (Lambda Developer Guide, "Error handling for asynchronous invocation").
        lambda_.CfnEventInvokeConfig(
            self,
            "WhenItFails",
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(
                    destination=undelivered_starts.queue_arn
                )
            ),
            function_name=self.function.name,
            maximum_event_age_in_seconds=RETRY_SECONDS,
            maximum_retry_attempts=2,
            qualifier="$LATEST",
        )

    def _rule(
        self, job: str, spec: UploadSpec, data: DataLocation, undelivered_starts: UndeliveredStarts
    ) -> events.CfnRule:
        rule = events.CfnRule(
            self,
            "Rule",
            description=within(OF_RULE, f"Uploads that start {job}"),
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [data.bucket_name]},
                    # Empty objects, such as the folders of the console, hold nothing to score.
                    "object": {
                        "key": [_key_pattern(f"{data.prefix}{spec.prefix}", spec.suffix)],
                        "size": [{"numeric": [">", 0]}],
                    },
                },
            },
            state="ENABLED" if spec.enabled else "DISABLED",
            targets=[
                events.CfnRule.TargetProperty(
                    arn=self.function.arn,
                    id="StartLater",
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=undelivered_starts.queue_arn
                    ),
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=RETRY_SECONDS, maximum_retry_attempts=RETRIES
                    ),
                )
            ],
        )
        undelivered_starts.let_in_rule(rule.attr_arn)
        return rule


def _key_pattern(prefix: str, suffix: str) -> dict[str, str]:
    """Both at once only a wildcard can ask for: `prefix` and `suffix` side by side mean one or the other."""
    if not suffix:
        return {"prefix": prefix}
    if not prefix:
        return {"suffix": suffix}
    plain = (part.replace("\\", "\\\\").replace("*", "\\*") for part in (prefix, suffix))
    return {"wildcard": "*".join(plain)}
