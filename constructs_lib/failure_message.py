"""The message about each run that did not end well, by the event of its end.

EventBridge could write to a topic by itself, with an input transformer, and does not here: it "does not
escape values" that it takes from an event (EventBridge User Guide, "Common issues with transforming input"), so that a
cause with a quotation mark would break the text; it cannot work out the name of the run, which the log is found
by; and it can give a mail no subject.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from batch_transform.spec.job_spec import JobSpec
from constructs_lib.run_events import NOT_SUCCEEDED, run_ended_rule
from constructs_lib.workflow_function import WorkflowFunction


class FailureMessage(Construct):
    """Define the rule that hands runs of this job which failed, timed out or were stopped to the function `notify`.

    The function may publish to this topic from then on; `key` is that of the topic.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job: JobSpec,
        state_machine: sfn.IStateMachine,
        notify: WorkflowFunction,
        topic: sns.ITopic,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id)
        notify.function.add_to_role_policy(
            iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn])
        )
        if key is not None:
            notify.function.add_to_role_policy(
                iam.PolicyStatement(
                    # What SNS needs of whoever publishes under a key (SNS Developer Guide, "Key management").
                    actions=["kms:GenerateDataKey", "kms:Decrypt"],
                    resources=[key.key_arn],
                    conditions={
                        "StringEquals": {"kms:ViaService": f"sns.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"}
                    },
                )
            )
        self.rule = run_ended_rule(
            self,
            "Rule",
            state_machine,
            NOT_SUCCEEDED,
            targets.LambdaFunction(
                notify.function,
                event=events.RuleTargetInput.from_object(
                    {
                        "topic": topic.topic_arn,
                        "job": job.name,
                        "job_file": job.job_file,
                        "detail": events.EventField.from_path("$.detail"),
                    }
                ),
            ),
        )
