"""A schedule or an event rule whose start of a job can get lost without a trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_transform_nag.cfn_template import Resource, as_list
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.transform_task import transform_tasks

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
    machine = resource.template.referred(target.get("Arn"))
    return machine is not None and bool(transform_tasks(machine))
