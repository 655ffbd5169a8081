"""A volume of the job's instances that is not encrypted with a customer managed key."""

from __future__ import annotations

from batch_transform.job.aws.instance_types import LOCAL_STORAGE_FAMILIES, family
from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.transform_task import transform_tasks


def volume_without_key(resource: Resource) -> RuleResult:
    """Require VolumeKmsKeyId, except for instance types with local storage, which don't support it.

    API reference, TransformResources.
    """
    tasks = [
        task
        for task in transform_tasks(resource)
        if family(str(task.member("TransformResources", "InstanceType"))) not in LOCAL_STORAGE_FAMILIES
    ]
    if not tasks:
        return Compliance.NOT_APPLICABLE
    return [
        Finding(task.state.name, "TransformResources has no VolumeKmsKeyId")
        for task in tasks
        if task.member("TransformResources", "VolumeKmsKeyId") is None
    ]
