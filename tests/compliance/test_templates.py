"""Checks the smallest and the fullest job in each environment, and others, with every security pack and validator.

Every finding has a reason on its resource, every reason has a finding, and reference/compliance.md agrees with the
tools.
"""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path

import pytest

from aws_client import LONGEST_CALL_SECONDS
from checks import state_machine
from checks.template import cfn_lint_complaints, cloudformation_validate_findings
from compliance.assemblies import NAMES, PAGE, PROJECT, Assembly, kept_on_page
from tools.dependencies import pinned

each = pytest.mark.parametrize("name", NAMES)


@each
def test_the_packs_find_nothing_that_is_not_acknowledged(name: str, assemblies: dict[str, Assembly]) -> None:
    for report in assemblies[name].reports:
        assert (report["pluginName"], report["violations"]) == (report["pluginName"], [])


@each
def test_a_function_has_the_time_for_a_call_with_all_its_retries(
    name: str, assemblies: dict[str, Assembly]
) -> None:
    resources = json.loads(assemblies[name].template.read_text(encoding="utf-8"))["Resources"]
    timeouts = {
        logical_id: resource["Properties"]["Timeout"]
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    assert len(timeouts) > 2
    assert [name for name, seconds in timeouts.items() if seconds <= LONGEST_CALL_SECONDS] == []


@each
def test_every_reason_has_its_finding(name: str, assemblies: dict[str, Assembly]) -> None:
    """Otherwise an acknowledgment could hide findings that nobody has reviewed."""
    used = {
        (finding["acknowledgedAt"], finding["acknowledgedId"])
        for report in assemblies[name].reports
        for finding in report.get("suppressedViolations", [])
    }
    assert [
        (path, finding)
        for path, finding, reason in assemblies[name].acknowledgments()
        if not finding.startswith("checkov::") and (path, finding) not in used
    ] == []


@each
def test_every_reason_says_why(name: str, assemblies: dict[str, Assembly]) -> None:
    assert [given for given in assemblies[name].acknowledgments() if len(given[2]) < 30] == []


@each
def test_no_acknowledgment_is_for_a_whole_stack_or_a_whole_job(
    name: str, assemblies: dict[str, Assembly]
) -> None:
    whole = re.compile(r"BatchTransform(?:/Jobs(?:/[^/]+)?)?")
    assert [path for path in assemblies[name].acknowledged if whole.fullmatch(path)] == []


@each
def test_cloudformation_validate_finds_nothing(name: str, assemblies: dict[str, Assembly]) -> None:
    found = {(rule, kind) for rule, kind, _ in cloudformation_validate_findings(assemblies[name].template)}
    assert found - set(KEPT_OF_CLOUDFORMATION_VALIDATE) == set()


KEPT_OF_CLOUDFORMATION_VALIDATE = {
    (
        "W9002",
        "AWS::SNS::Subscription",
    ): "an ARN with an account in it: the fullest job names a topic elsewhere",
    ("W9013", "AWS::SNS::Subscription"): "as above",
}


def test_cfn_lint_finds_nothing(assemblies: dict[str, Assembly]) -> None:
    assert cfn_lint_complaints(assembly.template for assembly in assemblies.values()) == ""


@each
def test_statelint_and_asl_validator_find_nothing(
    name: str, assemblies: dict[str, Assembly], tmp_path: Path
) -> None:
    definitions = assemblies[name].definitions()
    assert definitions
    for definition in definitions:
        assert state_machine.findings(definition, tmp_path) == []


# The page


def rows_of_page() -> set[tuple[str, str]]:
    """The kept findings in the page's table, as finding and reason."""
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    return {(finding, reason.strip()) for finding, _, reason in rows}


def as_row(finding: str) -> str:
    """Return the rule without its resource, and without its pack if several packs have it."""
    rule = finding.partition("[")[0].rpartition("::")[2]
    return re.sub(r"^(?:NIST\.800\.53\.R5|HIPAA\.Security|PCI\.DSS\.321)-", "", rule)


def test_the_page_has_each_kept_finding_of_the_fullest_job_and_its_reasons(
    assemblies: dict[str, Assembly],
) -> None:
    kept = {(as_row(finding), reason) for _, finding, reason in assemblies["prod-fullest"].acknowledgments()}
    assert rows_of_page() == kept


def test_the_page_counts_what_each_pack_finds_in_the_fullest_template(
    assemblies: dict[str, Assembly],
) -> None:
    counted = {
        report["pluginName"]: len(report["suppressedViolations"])
        for report in assemblies["prod-fullest"].reports
    }
    assert {tool: kinds for tool, kinds in kept_on_page().items() if tool != "checkov"} == counted


def test_the_page_names_the_versions() -> None:
    page = PAGE.read_text()
    for tool in ("cdk-nag", "cfn-lint", "cloudformation-validate", "statelint"):
        assert f"{tool} {metadata.version(tool)}" in page
    (checkov_version,) = (
        line.removeprefix("checkov==") for line in pinned("checkov") if line.startswith("checkov==")
    )
    assert f"checkov {checkov_version}" in page
    asl_validator = json.loads((PROJECT / "package.json").read_text())["devDependencies"]["asl-validator"]
    assert f"asl-validator {asl_validator}" in page
