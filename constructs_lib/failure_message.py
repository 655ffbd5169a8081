"""The message about each run that did not end well, by the event of its end.

EventBridge could write to a topic by itself, with an input transformer, and does not here: it "does not
escape values" that it takes from an event (EventBridge User Guide, "Common issues with transforming input"), so that a
cause with a quotation mark would break the text; it cannot work out the name of the run, which the log is found
by; and it can give a mail no subject.
"""

from __future__ import annotations

import json

from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from batch_transform.spec.job_spec import JobSpec
from constructs_lib.run_events import NOT_SUCCEEDED
from constructs_lib.state_machine import StateMachine
from constructs_lib.workflow_function import WorkflowFunction


class FailureMessage(Construct):
    """Define the rule that hands runs of this job which failed, timed out or were stopped to the function `notify`.

    The function is that of `Notifications`, and must be allowed to publish to `topic`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job: JobSpec,
        state_machine: StateMachine,
        notify: WorkflowFunction,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        # `<detail>` is a JSON value here, which EventBridge puts in as one.
        told = {"topic": topic.topic_arn, "job": job.name, "job_file": job.job_file, "detail": "DETAIL"}
        self.rule = events.CfnRule(
            self,
            "Rule",
            description=f"Runs of {job.name} that did not end well",
            event_pattern={
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {
                    "stateMachineArn": [state_machine.state_machine_arn],
                    "status": list(NOT_SUCCEEDED),
                },
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="Notify",
                    arn=notify.arn,
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_paths_map={"detail": "$.detail"},
                        input_template=json.dumps(told).replace('"DETAIL"', "<detail>"),
                    ),
                )
            ],
        )
        lambda_.CfnPermission(
            self,
            "MayInvoke",
            action="lambda:InvokeFunction",
            function_name=notify.arn,
            principal="events.amazonaws.com",
            source_arn=self.rule.attr_arn,
        )
