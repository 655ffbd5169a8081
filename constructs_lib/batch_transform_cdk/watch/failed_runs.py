"""What happens when a run did not end well, by the event of its end: people are told, and nothing goes on unseen.

EventBridge could write to a topic by itself, with an input transformer, and does not here: it "does not
escape values" that it takes from an event (EventBridge User Guide, "Common issues with transforming input"), so that a
cause with a quotation mark would break the text; it cannot work out the name of the run, which the log is found
by; and it can give a mail no subject.

Step Functions tells of a run's end on a best effort basis (EventBridge Events Reference, AWS Step Functions events):
nothing here is sure to happen, and the alarms do not depend on it.
"""

from __future__ import annotations

import json

from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.ground.description import OF_RULE, within
from batch_transform_cdk.ground.tokens import topic_arn
from batch_transform_cdk.ground.workflow_function import WorkflowFunction
from batch_transform_cdk.machine.workflow import StateMachine

SUCCEEDED = ("SUCCEEDED",)
NOT_SUCCEEDED = ("FAILED", "TIMED_OUT", "ABORTED")
"""Every other end of an execution (Step Functions Developer Guide, EventBridge events)."""


def run_ended_pattern(machine: sfn.IStateMachine, statuses: tuple[str, ...]) -> events.EventPattern:
    """Match the events of this machine's executions that ended so."""
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
    """Define a rule for these ends. Without a target, add one to what is returned: `rule.add_target(…)`."""
    return events.Rule(
        scope,
        rule_id,
        description=within(OF_RULE, f"Runs of {scope.node.path} that are {', '.join(statuses)}"),
        event_pattern=run_ended_pattern(machine, statuses),
        targets=[target] if target is not None else None,
    )


class FailedRuns(Construct):
    """Define the rule that hands runs of this job which failed, timed out or were stopped to two functions.

    - `notify`, that of `Notifications`, tells people. It must be allowed to publish to `topic`.
    - `report`, the job's own, stops a transform job that such a run left running. Step Functions stops the job of
      a run that is stopped in the state Transform; in the states that look for a job, watch it or stop it,
      nobody else does.

    What cannot be handed over EventBridge tries again for 24 hours, its default: however late, a job that still runs
    is worth stopping. What a function cannot do, Lambda tries twice more. There is no dead-letter queue, since a
    letter would say no more than the message about the run does; that message, and the alarms on failed runs and
    on those that took too long, go to the same people by other ways.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job: JobSpec,
        state_machine: StateMachine,
        report: WorkflowFunction,
        notify: WorkflowFunction,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        told = {"topic": topic_arn(topic), "job": job.name, "job_file": job.job_file, "detail": "DETAIL"}
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
                _target("Notify", notify, told),
                _target("Report", report, {"job": job.name, "ended_badly": "DETAIL"}),
            ],
        )
        rule_arn = self.rule.attr_arn
        self._let_in("MayInvoke", notify, rule_arn)
        self._let_in("MayInvokeReport", report, rule_arn)

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
    target_id: str, function: WorkflowFunction, given: dict[str, str]
) -> events.CfnRule.TargetProperty:
    """Return a target that gets `given`, with the detail of the event in the place of DETAIL."""
    # `<detail>` is a JSON value here, which EventBridge puts in as one. Any other `<` would begin a variable, too.
    template = json.dumps(given).replace("<", r"\u003c").replace('"DETAIL"', "<detail>")
    return events.CfnRule.TargetProperty(
        id=target_id,
        arn=function.arn,
        input_transformer=events.CfnRule.InputTransformerProperty(
            input_paths_map={"detail": "$.detail"}, input_template=template
        ),
    )
