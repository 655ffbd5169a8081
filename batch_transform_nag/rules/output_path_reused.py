"""An output path that all executions share."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.transform_task import BY_RUN, transform_tasks


def output_path_reused(resource: Resource) -> RuleResult:
    """Require an S3OutputPath that each execution sets."""
    tasks = transform_tasks(resource)
    if not tasks:
        return Compliance.NOT_APPLICABLE
    return [
        Finding(task.state.name, "S3OutputPath is the same in every execution")
        for task in tasks
        if task.member("TransformOutput", "S3OutputPath") != BY_RUN
    ]
