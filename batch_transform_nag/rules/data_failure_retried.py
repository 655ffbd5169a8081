"""A failed transform job that is run again unchanged."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.transform_task import transform_tasks

_ALSO_BAD_DATA = {"States.ALL", "States.TaskFailed"}


def data_failure_retried(resource: Resource) -> RuleResult:
    """Look for a Retry on an error name that every failed job has, whatever the reason."""
    tasks = [task for task in transform_tasks(resource) if task.follows_job]
    if not tasks:
        return Compliance.NOT_APPLICABLE
    return [
        Finding(task.state.name, f"Retry on {error}")
        for task in tasks
        for retrier in task.state.body.get("Retry", [])
        for error in retrier.get("ErrorEquals", [])
        if error in _ALSO_BAD_DATA and retrier.get("MaxAttempts") != 0
    ]
