"""A state machine whose role lacks permissions that `.sync` needs."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.role import role_of_machine
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.transform_task import transform_tasks

_NEEDED = {
    "sagemaker:CreateTransformJob": "the call itself",
    "sagemaker:DescribeTransformJob": "the task uses it to learn that the job has ended",
    "sagemaker:StopTransformJob": "without it, the job of a stopped execution keeps running, and you pay for it",
    "sagemaker:AddTags": "Step Functions tags the job with the execution",
    "events:PutRule": "the managed rule that notifies Step Functions when the job ends",
    "events:PutTargets": "the managed rule that notifies Step Functions when the job ends",
    "events:DescribeRule": "the managed rule that notifies Step Functions when the job ends",
}


def sync_not_allowed(resource: Resource) -> RuleResult:
    """Check the role's statements against the Step Functions Developer Guide, IAM policies for SageMaker.

    Not applicable to a role that another template defines, or that has managed policies from outside the template.
    """
    if not any(task.follows_job for task in transform_tasks(resource)):
        return Compliance.NOT_APPLICABLE
    role = role_of_machine(resource)
    if role is None or role.managed_policies:
        return Compliance.NOT_APPLICABLE
    return [Finding(action, why) for action, why in _NEEDED.items() if not role.allows(action)]
