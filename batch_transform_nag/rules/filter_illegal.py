"""A filter that SageMaker does not support."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.request_findings import FILTERS, findings_of
from batch_transform_nag.rule import RuleResult


def filter_illegal(resource: Resource) -> RuleResult:
    """Parse InputFilter and OutputFilter as SageMaker does."""
    return findings_of(resource, lambda problem: problem.field in FILTERS)
