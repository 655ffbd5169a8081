"""Predictions that are not encrypted with a customer managed key."""

from __future__ import annotations

from collections.abc import Mapping

from batch_transform_nag.cfn_template import Resource, as_list
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.state_machine import REFERENCE
from batch_transform_nag.transform_task import TransformTask, transform_tasks


def output_without_key(resource: Resource) -> RuleResult:
    """Require KmsKeyId for the output, or a key in the default encryption of its bucket."""
    tasks = transform_tasks(resource)
    if not tasks:
        return Compliance.NOT_APPLICABLE
    return [
        Finding(task.state.name, "TransformOutput has no KmsKeyId")
        for task in tasks
        if task.member("TransformOutput", "KmsKeyId") is None and not _in_bucket_with_key(resource, task)
    ]


def _in_bucket_with_key(machine: Resource, task: TransformTask) -> bool:
    """Whether a text or an expression sends the output to a bucket of the template that has a key."""
    output = task.written.get("TransformOutput") if isinstance(task.written, Mapping) else None
    return any(
        REFERENCE.format(bucket.logical_id) in str(output) and _has_key(bucket)
        for bucket in machine.template.resources("AWS::S3::Bucket")
    )


def _has_key(bucket: Resource) -> bool:
    rules = as_list(bucket.properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration"))
    return any("KMSMasterKeyID" in rule.get("ServerSideEncryptionByDefault", {}) for rule in rules)
