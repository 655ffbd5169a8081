"""A transform job that the execution does not wait for."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.state_machine import state_machine
from batch_transform_nag.transform_task import describes_transform_job, transform_tasks


def job_not_followed(resource: Resource) -> RuleResult:
    """Require `.sync`, or a state that reads the job's status from SageMaker."""
    machine, tasks = state_machine(resource), transform_tasks(resource)
    if machine is None or not tasks:
        return Compliance.NOT_APPLICABLE
    if any(describes_transform_job(state) for state in machine.states):
        return Compliance.COMPLIANT
    return [
        Finding(task.state.name, "the task ends as soon as the job has been created")
        for task in tasks
        if not task.follows_job
    ]
