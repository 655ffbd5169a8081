"""A transform job that may run forever."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.state_machine import state_machine
from batch_transform_nag.transform_task import transform_tasks


def no_timeout(resource: Resource) -> RuleResult:
    """Require a timeout for the task or for the whole execution."""
    machine, tasks = state_machine(resource), transform_tasks(resource)
    followed = [task.state for task in tasks if task.follows_job]
    if machine is None or not followed:
        return Compliance.NOT_APPLICABLE
    if machine.timeout:
        return Compliance.COMPLIANT
    return [
        Finding(state.name, "no TimeoutSeconds")
        for state in followed
        if not {"TimeoutSeconds", "TimeoutSecondsPath"} & set(state.body)
    ]
