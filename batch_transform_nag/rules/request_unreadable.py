"""A request, or a structure in it, that the other rules cannot read."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.transform_task import transform_tasks


def request_unreadable(resource: Resource) -> RuleResult:
    """Report expressions that create a whole structure: only the run knows which members it has."""
    tasks = transform_tasks(resource)
    if not tasks:
        return Compliance.NOT_APPLICABLE
    return [
        Finding(
            "/".join((task.state.name, *filter(None, [member]))),
            "a single expression creates all of its members",
        )
        for task in tasks
        for member in task.unreadable
    ]
