"""A request, or a structure of it, that the other rules cannot see into."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.transform_task import transform_tasks


def request_unreadable(resource: Resource) -> RuleResult:
    """Say where an expression makes all members of a structure at once: which there are, only the run knows."""
    tasks = transform_tasks(resource)
    if not tasks:
        return Compliance.NOT_APPLICABLE
    return [
        Finding("/".join((task.state.name, *filter(None, [member]))), "an expression makes its members")
        for task in tasks
        for member in task.unreadable
    ]
