"""Rules on the end of a run. After a failed run, one sends a notification and stops a leftover transform job.

A function writes the notification, although EventBridge could publish to a topic with an input transformer: EventBridge
"does not escape values" of an event (EventBridge User Guide, "Common issues with transforming input"), so a
quotation mark in a cause would break the text; it cannot compute the run's id, by which its log is found; and it
cannot set the subject of an e-mail.

Step Functions sends these events on a best effort basis (EventBridge Events Reference, AWS Step Functions events). The
alarms do not depend on them.
"""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.ground.description import OF_RULE, within
from batch_transform_cdk.ground.tokens import topic_arn
from batch_transform_cdk.ground.workflow_function import WorkflowFunction
from batch_transform_cdk.machine.record_function import RecordFunction
from batch_transform_cdk.machine.workflow import StateMachine

SUCCEEDED = ("SUCCEEDED",)
NOT_SUCCEEDED = ("FAILED", "TIMED_OUT", "ABORTED")
"""Every other final status of an execution (Step Functions Developer Guide, EventBridge events)."""


def run_ended_pattern(machine: sfn.IStateMachine, statuses: tuple[str, ...]) -> events.EventPattern:
    """Match the events of this state machine's executions that ended with one of these statuses."""
    return events.EventPattern(
        source=["aws.states"],
        detail_type=["Step Functions Execution Status Change"],
        detail={"stateMachineArn": [machine.state_machine_arn], "status": list(statuses)},
    )


def run_ended_rule(
    scope: Construct,
    rule_id: str,
    machine: sfn.IStateMachine,
    statuses: tuple[str, ...],
    target: events.IRuleTarget | None,
) -> events.Rule:
    """Define a rule for these statuses. Without a target, add one to the rule: `rule.add_target(…)`."""
    return events.Rule(
        scope,
        rule_id,
        description=within(OF_RULE, f"Runs of {scope.node.path} with the status {', '.join(statuses)}"),
        event_pattern=run_ended_pattern(machine, statuses),
        targets=[target] if target is not None else None,
    )


class FailedRuns(Construct):
    """Define the rule that calls functions for each run that failed, timed out or was stopped.

    - `notify`, of `Notifications`, sends a notification. It must be allowed to publish to `topic`.
    - `report`, of the job, stops a transform job that the run left running. Step Functions itself stops the job of a
      run that is stopped in the state Transform, but not in the states that find a job, wait for it or stop it.
    - `record`, of the job, writes the record of a run whose state machine couldn't.
    - `bad_records`, of a job that has it, deletes the sections that the run left.

    EventBridge retries a failed delivery for 24 hours, its default: a transform job that is still running is worth
    stopping at any time. Lambda retries a failed call twice. There is no dead-letter queue, since its message would
    say no more than the notification does, and the alarms reach the same people independently.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job: JobSpec,
        state_machine: StateMachine,
        report: WorkflowFunction,
        record: RecordFunction,
        notify: WorkflowFunction,
        bad_records: WorkflowFunction | None = None,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        notification = {
            "topic": topic_arn(topic),
            "job": job.name,
            "job_file": job.job_file,
            "detail": "DETAIL",
        }
        self.rule = events.CfnRule(
            self,
            "Rule",
            description=f"Runs of {job.name} that failed, timed out or were stopped",
            event_pattern={
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {
                    "stateMachineArn": [state_machine.state_machine_arn],
                    "status": list(NOT_SUCCEEDED),
                },
            },
            targets=[
                _target("Notify", notify, notification),
                _target("Report", report, {"job": job.name, "ended_badly": "DETAIL"}),
                _target(
                    "Record",
                    record,
                    {
                        "job": job.name,
                        "job_file": job.job_file,
                        "output": dict(record.declared_output),
                        "reconcile": job.reconcile,
                        "leaves_out": job.bad_records is None or job.bad_records.leaves_out,
                        "details": job.notify.details,
                        "ended_badly": "DETAIL",
                    },
                ),
                *([_target("BadRecords", bad_records, {"ended_badly": "DETAIL"})] if bad_records else []),
            ],
        )
        rule_arn = self.rule.attr_arn
        self._let_in("MayInvoke", notify, rule_arn)
        self._let_in("MayInvokeReport", report, rule_arn)
        self._let_in("MayInvokeRecord", record, rule_arn)
        if bad_records is not None:
            self._let_in("MayInvokeBadRecords", bad_records, rule_arn)

    def _let_in(self, construct_id: str, function: WorkflowFunction, rule_arn: str) -> None:
        lambda_.CfnPermission(
            self,
            construct_id,
            action="lambda:InvokeFunction",
            function_name=function.arn,
            principal="events.amazonaws.com",
            source_arn=rule_arn,
        )


def _target(
    target_id: str, function: WorkflowFunction, given: dict[str, Any]
) -> events.CfnRule.TargetProperty:
    """Return a target that receives `given`, with the event's detail in the place of DETAIL."""
    # EventBridge inserts `<detail>` as a JSON value. Any other `<` would start a variable as well.
    template = json.dumps(given).replace("<", r"\u003c").replace('"DETAIL"', "<detail>")
    return events.CfnRule.TargetProperty(
        id=target_id,
        arn=function.arn,
        input_transformer=events.CfnRule.InputTransformerProperty(
            input_paths_map={"detail": "$.detail"}, input_template=template
        ),
    )
