"""Events of a run's end, for whatever a CDK app wants to do then."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from batch_transform_cdk.ground.description import OF_RULE, within

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
