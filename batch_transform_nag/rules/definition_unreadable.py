"""A state machine that the other rules cannot read."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, RuleResult
from batch_transform_nag.state_machine import STATE_MACHINE, state_machine


def definition_unreadable(resource: Resource) -> RuleResult:
    """Report a definition that cannot be read, since the other rules find nothing in it."""
    if resource.type != STATE_MACHINE:
        return Compliance.NOT_APPLICABLE
    return Compliance.NON_COMPLIANT if state_machine(resource) is None else Compliance.COMPLIANT
