"""A join that CreateTransformJob refuses."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.request_findings import findings_of
from batch_transform_nag.rule import RuleResult


def join_incomplete(resource: Resource) -> RuleResult:
    """Check the types, SplitType and AssembleWith of a request that joins."""
    return findings_of(resource, lambda problem: problem.code.startswith("join-"))
