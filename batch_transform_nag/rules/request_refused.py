"""A request that CreateTransformJob refuses, for a reason other than its join or its filters."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.request_findings import FILTERS, findings_of
from batch_transform_nag.rule import RuleResult


def request_refused(resource: Resource) -> RuleResult:
    """Check each member against its shape in the API, and members against each other."""
    return findings_of(
        resource, lambda problem: problem.field not in FILTERS and not problem.code.startswith("join-")
    )
