"""Rules for batch transform in any CDK app, alongside the packs of cdk-nag; the pack is `BatchTransformChecks`."""

from __future__ import annotations

from batch_transform_nag.pack import BatchTransformChecks
from batch_transform_nag.rule import Compliance, Finding, Rule
from batch_transform_nag.rules import RULES

__all__ = ["BatchTransformChecks", "RULES", "Rule", "Finding", "Compliance"]
