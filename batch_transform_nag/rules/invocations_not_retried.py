"""A model client that gives up after the first failed request."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.transform_task import transform_tasks


def invocations_not_retried(resource: Resource) -> RuleResult:
    """Look for an InvocationsMaxRetries of 0. If it is left out, AWS's default of 3 applies."""
    tasks = transform_tasks(resource)
    if not tasks:
        return Compliance.NOT_APPLICABLE
    return [
        Finding(task.state.name, "InvocationsMaxRetries is 0")
        for task in tasks
        if task.member("ModelClientConfig", "InvocationsMaxRetries") == 0
    ]
