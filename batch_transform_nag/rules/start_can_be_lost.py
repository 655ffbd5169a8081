"""A schedule or an event rule whose start of a job can get lost without a trace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from batch_transform_nag.cfn_template import Resource, as_list, text
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.transform_task import transform_tasks

_START_EXECUTION = ":scheduler:::aws-sdk:sfn:startExecution"
_TARGETS = {"AWS::Scheduler::Schedule": "Target", "AWS::Events::Rule": "Targets"}


def start_can_be_lost(resource: Resource) -> RuleResult:
    """Require a dead-letter queue for each target that is a state machine with a transform job."""
    if resource.type not in _TARGETS:
        return Compliance.NOT_APPLICABLE
    targets = [
        target
        for target in as_list(resource.properties.get(_TARGETS[resource.type]))
        if _starts_job(resource, target)
    ]
    if not targets:
        return Compliance.NOT_APPLICABLE
    return [
        Finding(str(target.get("Id", "Target")), "no DeadLetterConfig")
        for target in targets
        if "DeadLetterConfig" not in target
    ]


def _starts_job(resource: Resource, target: Mapping[str, Any]) -> bool:
    arn = target.get("Arn")
    machine = resource.template.referred(arn)
    if machine is None and text(arn).endswith(_START_EXECUTION):
        machine = _named_in(resource, target.get("Input"))
    return machine is not None and bool(transform_tasks(machine))


def _named_in(resource: Resource, run_input: object) -> Resource | None:
    """Return the machine in the arguments of a universal target; None if they name none of this template."""
    try:
        named = str(json.loads(text(run_input))["StateMachineArn"])
    except (ValueError, KeyError, TypeError):
        return None
    return resource.template.referred({"Ref": named.strip("<>").partition(".")[0]})
