"""Start a job after uploads, once no more objects have arrived for a while.

    S3 -> EventBridge rule -> on_upload (Lambda) -> a one-time schedule -> the state machine

Each upload delays the one-time schedule. When the quiet period is over, EventBridge Scheduler starts the state machine
and deletes the schedule. Nothing runs, or costs money, while the schedule waits.
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

# Two, since a schedule that is about to start is left alone: see `lambda/on_upload`.
_SLOTS = ("a", "b")


class UploadTrigger(Construct):
    """Start the state machine after the last of several uploads below `data`.

    The bucket of `data` must send its events to EventBridge. A bucket of this app is set up for that; add other
    notifications to it before, since the CDK's way to add them would override the setting. An upload that cannot be
    handled, and a failed start, are sent to `undelivered_starts`.

    `BatchTransform.add_upload_trigger` does this for a job, with its alarms.

    Usage::

        UploadTrigger(
            self,
            "Upload",
            spec=UploadSpec(suffix=".csv"),
            data=DataLocation(data.input, "churn/"),
            state_machine=machine,
            undelivered_starts=UndeliveredStarts(self, "UndeliveredStarts"),
        )
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
        # Names, not references: the function creates these schedules, CloudFormation doesn't know them.
        name = cdk.Names.unique_resource_name(self, max_length=62)
        schedules = [f"{name}-{slot}" for slot in _SLOTS]
        self.function = WorkflowFunction(
            self,
            "StartLater",
            name="on_upload",
            description=f"Starts {job} after uploads, once no more objects have arrived for a while",
            reserved_concurrency=spec.reserved_concurrency or None,
            when_it_fails="its on-failure destination is the queue of undelivered starts",
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
        self._keep_failures(undelivered_starts)
        self.rule = self._rule(job, spec, data, undelivered_starts)
        lambda_.CfnPermission(
            self,
            "MayInvoke",
            action="lambda:InvokeFunction",
            function_name=self.function.arn,
            principal="events.amazonaws.com",
            source_arn=self.rule.attr_arn,
        )

    def _keep_failures(self, undelivered_starts: UndeliveredStarts) -> None:
        # EventBridge invokes the function asynchronously. Lambda retries a failed event twice, and then sends it to the
        # destination (Lambda Developer Guide, "Error handling for asynchronous invocation").
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
                    # Empty objects, such as folders made in the S3 console, hold nothing to score.
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
    """Return a pattern. Both at once need a wildcard: `prefix` and `suffix` side by side mean one or the other."""
    if not suffix:
        return {"prefix": prefix}
    if not prefix:
        return {"suffix": suffix}
    plain = (part.replace("\\", "\\\\").replace("*", "\\*") for part in (prefix, suffix))
    return {"wildcard": "*".join(plain)}
