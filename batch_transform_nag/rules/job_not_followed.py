"""A transform job whose end nobody waits for."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.state_machine import state_machine
from batch_transform_nag.transform_task import describes_transform_job, transform_tasks


def job_not_followed(resource: Resource) -> RuleResult:
    """Look for `.sync`, or for a state that asks SageMaker how the job is."""
    machine, tasks = state_machine(resource), transform_tasks(resource)
    if machine is None or not tasks:
        return Compliance.NOT_APPLICABLE
    if any(describes_transform_job(state) for state in machine.states):
        return Compliance.COMPLIANT
    return [
        Finding(task.state.name, "the task ends when the job begins")
        for task in tasks
        if not task.follows_job
    ]
