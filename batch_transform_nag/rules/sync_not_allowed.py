"""A state machine whose role lacks what `.sync` does in its name."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.role import role_of_machine
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.transform_task import transform_tasks

_NEEDED = {
    "sagemaker:CreateTransformJob": "the call itself",
    "sagemaker:DescribeTransformJob": "how the task learns that the job ended",
    "sagemaker:StopTransformJob": "without it the job of a stopped execution runs on, and is paid",
    "sagemaker:AddTags": "Step Functions tags the job with the execution",
    "events:PutRule": "the managed rule that tells Step Functions of the job's end",
    "events:PutTargets": "the managed rule that tells Step Functions of the job's end",
    "events:DescribeRule": "the managed rule that tells Step Functions of the job's end",
}


def sync_not_allowed(resource: Resource) -> RuleResult:
    """Hold the role's statements against the Step Functions Developer Guide, IAM policies for SageMaker.

    Not applicable to a role that another template defines, or that has managed policies from elsewhere.
    """
    if not any(task.follows_job for task in transform_tasks(resource)):
        return Compliance.NOT_APPLICABLE
    role = role_of_machine(resource)
    if role is None or role.managed_policies:
        return Compliance.NOT_APPLICABLE
    return [Finding(action, why) for action, why in _NEEDED.items() if not role.allows(action)]
