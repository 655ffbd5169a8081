"""A model whose containers can reach the network."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, RuleResult


def model_not_isolated(resource: Resource) -> RuleResult:
    """Require EnableNetworkIsolation of the model."""
    if resource.type != "AWS::SageMaker::Model":
        return Compliance.NOT_APPLICABLE
    isolated = resource.properties.get("EnableNetworkIsolation")
    return Compliance.NON_COMPLIANT if isolated in (None, False, "false") else Compliance.COMPLIANT
