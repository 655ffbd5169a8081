"""A role around a transform job with full access."""

from __future__ import annotations

import re
from collections.abc import Iterator

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.role import Role, Statement, runs_transform_jobs
from batch_transform_nag.rule import Compliance, Finding, RuleResult

_FULL_ACCESS = {
    "AdministratorAccess",
    "PowerUserAccess",
    "AmazonSageMakerFullAccess",
    "AmazonS3FullAccess",
}
_ALL_ACTIONS = re.compile(r"\*|(?:s3|sagemaker):\*", re.IGNORECASE)
# List actions don't support resource-level permissions; ListTags does, but AWS's own policy for `.sync` has it on `*`.
_WITHOUT_RESOURCES = re.compile(r"sagemaker:(?:List|Search)|s3:ListAllMyBuckets$", re.IGNORECASE)
_ALL_RESOURCES = re.compile(r"\*|arn:[^:]*:s3:::\*(?:/\*)?|arn:.*:sagemaker:.*?:(?:transform-job/)?\*")


def full_access_role(resource: Resource) -> RuleResult:
    """Check the roles of state machines that create transform jobs, and those that SageMaker may assume."""
    if not runs_transform_jobs(resource):
        return Compliance.NOT_APPLICABLE
    role = Role(resource)
    found = [
        Finding(f"Policy::{name}", f"the managed policy {name}")
        for name in role.managed_policies
        if name in _FULL_ACCESS
    ]
    for statement in role.statements():
        if statement.allows:
            found += _too_much(statement)
    return list(dict.fromkeys(found))


def _too_much(statement: Statement) -> Iterator[Finding]:
    if "NotAction" in statement.body:
        yield Finding("NotAction", "all actions except some")
    for action in statement.actions:
        if _ALL_ACTIONS.fullmatch(action):
            yield Finding(f"Action::{action}", f"the actions {action}")
    limited = [
        action
        for action in statement.actions
        if action.lower().startswith(("s3:", "sagemaker:")) and not _WITHOUT_RESOURCES.match(action)
    ]
    for arn in statement.resources:
        if limited and _ALL_RESOURCES.fullmatch(arn):
            yield Finding(f"Resource::{arn}", f"{', '.join(limited)} on {arn}")
