"""A role that may pass roles to any service, or any role to a service."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.role import ROLE, Role, in_condition
from batch_transform_nag.rule import Compliance, Finding, RuleResult

_NEEDS_A_ROLE = ("sagemaker:CreateModel", "sagemaker:CreateTransformJob")


def pass_role_unconditioned(resource: Resource) -> RuleResult:
    """Check iam:PassRole of the roles that create models or transform jobs."""
    if resource.type != ROLE or not any(Role(resource).allows(action) for action in _NEEDS_A_ROLE):
        return Compliance.NOT_APPLICABLE
    passing = [
        statement
        for statement in Role(resource).statements()
        if statement.allows and statement.covers("iam:PassRole")
    ]
    found = [
        Finding("Condition", f"no condition iam:PassedToService for {', '.join(statement.resources)}")
        for statement in passing
        if not in_condition(statement, "iam:PassedToService")
    ]
    found += [
        Finding(f"Resource::{arn}", f"any role that matches {arn}")
        for statement in passing
        for arn in statement.resources
        if arn == "*" or arn.endswith("role/*")
    ]
    return list(dict.fromkeys(found))
