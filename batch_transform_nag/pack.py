"""The pack, as a validation plugin for the CDK."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import aws_cdk as cdk
import jsii

from batch_transform_nag.cfn_template import Template
from batch_transform_nag.rule import Rule
from batch_transform_nag.rules import RULES


@jsii.implements(cdk.IPolicyValidationPlugin)
class BatchTransformChecks:
    """Checks every stack of an app, including nested stacks, against the rules for batch transform.

    It reads the templates, not the construct tree: they are what is deployed, and reading a construct from Python
    costs a call to Node. The CDK itself leaves out acknowledged findings, and fails the synthesis for the others.

    Usage::

        cdk.Validations.of(app).add_plugins(BatchTransformChecks())
        cdk.Validations.of(machine).acknowledge(
            cdk.Acknowledgment(id="BatchTransform::NoTimeout[Transform]", reason="…")
        )
    """

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        self._rules = rules

    @property
    def name(self) -> str:
        """The pack's name, which begins the ids in acknowledgments."""
        return "BatchTransform"

    @property
    def version(self) -> str:
        """The version of the rules, which is the package's."""
        return version("batch-transform")

    @property
    def rule_ids(self) -> list[str]:
        """The ids of the pack's rules."""
        return [rule.id for rule in self._rules]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Return every finding. The CDK calls this after it has written the templates."""
        found: dict[tuple[str, str], tuple[Rule, list[cdk.PolicyViolatingResource]]] = {}
        for path in _with_nested(context.template_paths):
            for resource in Template(path).resources():
                place = cdk.PolicyViolatingResource(
                    resource_logical_id=resource.logical_id, template_path=str(path), locations=["Properties"]
                )
                for rule in self._rules:
                    for finding in rule.findings(resource):
                        found.setdefault(finding, (rule, []))[1].append(place)
        violations = [
            cdk.PolicyViolation(
                rule_name=finding_id,
                description=text,
                fix=rule.fix,
                severity=rule.severity,
                rule_metadata={"why": rule.explanation},
                violating_resources=places,
            )
            for (finding_id, text), (rule, places) in found.items()
        ]
        return cdk.PolicyValidationPluginReport(
            success=not any(violation.severity == "error" for violation in violations), violations=violations
        )


def _with_nested(template_paths: Sequence[str]) -> Iterator[Path]:
    """Yield each template, followed by those of its nested stacks, which the CDK does not list.

    A nested stack's template is an asset of the parent stack, and is in the same folder.
    """
    for path in map(Path, template_paths):
        yield path
        assets = path.with_name(path.name.replace(".template.json", ".assets.json"))
        if assets.is_file():
            for asset in json.loads(assets.read_text(encoding="utf-8")).get("files", {}).values():
                if asset["source"].get("path", "").endswith(".nested.template.json"):
                    yield path.with_name(asset["source"]["path"])
