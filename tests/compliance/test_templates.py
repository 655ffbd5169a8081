"""The smallest and the fullest job in each environment, and others, before every security pack and validator at hand.

No finding is left without a reason beside its resource, no reason without a finding, and docs/compliance.md says
the same as the tools.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from batch_transform.spec.environment_file import load_environments
from checks import state_machine
from checks.template import cfn_lint_complaints, cloudformation_validate_findings
from compliance.assemblies import PROJECT, Assembly, synthesised

PAGE = PROJECT / "docs/compliance.md"
CHECKOV = PROJECT / "build/checkov/bin/checkov"
needs_checkov = pytest.mark.skipif(
    not CHECKOV.exists(), reason="needs checkov (300 MB): tests/local/clients/install checkov"
)

NAMES = [
    *(
        f"{environment}-{job}"
        for environment in ("prod", "dev", "with-key")
        for job in ("smallest", "fullest")
    ),
    "prod-others",
]
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Assembly]:
    """One job in each environment of environments.yaml, and in one whose data a customer key encrypts."""
    environments = {name: load_environments().named(name) for name in ("prod", "dev")}
    environments["with-key"] = replace(environments["prod"], customer_key=True)
    made = {}
    for name in NAMES:
        environment, _, job = name.rpartition("-")
        made[name] = synthesised(job, environments[environment], tmp_path_factory.mktemp(name))
    return made


@pytest.fixture(scope="module")
def checkov(assemblies: dict[str, Assembly], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What checkov finds, by the name of the assembly; one run for all, since most of its time is its start."""
    folder = tmp_path_factory.mktemp("checkov")
    for name, assembly in assemblies.items():
        (folder / f"{name}.json").write_bytes(assembly.template.read_bytes())
    command = [str(CHECKOV), "--directory", str(folder), "--framework", "cloudformation", "--quiet"]
    done = subprocess.run(
        [*command, "--compact", "--skip-download", "--output", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)
    assert told["summary"]["passed"] > 0
    assert told["summary"]["parsing_errors"] == 0
    found: dict[str, Any] = {name: [] for name in assemblies}
    for failed in told["results"]["failed_checks"]:
        found[Path(failed["file_path"]).stem].append(failed)
    return found


@each
def test_the_packs_find_nothing_that_is_not_acknowledged(name: str, assemblies: dict[str, Assembly]) -> None:
    for report in assemblies[name].reports:
        assert (report["pluginName"], report["violations"]) == (report["pluginName"], [])


@each
@needs_checkov
def test_checkov_finds_nothing_that_is_not_acknowledged(
    name: str, assemblies: dict[str, Assembly], checkov: dict[str, Any]
) -> None:
    unexplained = [
        f"{failed['check_id']} {failed['resource']}: {failed['check_name']}"
        for failed in checkov[name]
        if not assemblies[name].reason(
            f"checkov::{failed['check_id']}", failed["resource"].rpartition(".")[2]
        )
    ]
    assert unexplained == []


@each
def test_every_reason_has_its_finding(name: str, assemblies: dict[str, Assembly]) -> None:
    """Else an acknowledgment would wait for findings that nobody has looked at."""
    used = {
        (finding["acknowledgedAt"], finding["acknowledgedId"])
        for report in assemblies[name].reports
        for finding in report.get("suppressedViolations", [])
    }
    assert [
        (path, finding)
        for path, finding, reason in acknowledgments(assemblies[name])
        if not finding.startswith("checkov::") and (path, finding) not in used
    ] == []


@each
@needs_checkov
def test_every_reason_given_to_checkov_has_its_finding(
    name: str, assemblies: dict[str, Assembly], checkov: dict[str, Any]
) -> None:
    assembly = assemblies[name]
    paths = {
        (failed["check_id"], assembly.path_of[failed["resource"].rpartition(".")[2]])
        for failed in checkov[name]
    }
    assert [
        (path, finding)
        for path, finding, _ in acknowledgments(assembly)
        if finding.startswith("checkov::")
        and not any(finding == f"checkov::{check}" and f"{at}/".startswith(f"{path}/") for check, at in paths)
    ] == []


@each
def test_every_reason_says_why(name: str, assemblies: dict[str, Assembly]) -> None:
    assert [given for given in acknowledgments(assemblies[name]) if len(given[2]) < 30] == []


@each
def test_no_acknowledgment_is_for_a_whole_stack_or_a_whole_job(
    name: str, assemblies: dict[str, Assembly]
) -> None:
    whole = re.compile(r"BatchTransform(?:/Jobs(?:/[^/]+)?)?")
    assert [path for path in assemblies[name].acknowledged if whole.fullmatch(path)] == []


@each
def test_cloudformation_validate_finds_nothing(name: str, assemblies: dict[str, Assembly]) -> None:
    told = {(rule, kind) for rule, kind, _ in cloudformation_validate_findings(assemblies[name].template)}
    assert told - set(KEPT_OF_CLOUDFORMATION_VALIDATE) == set()


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


def acknowledgments(assembly: Assembly) -> Iterator[tuple[str, str, str]]:
    """Yield construct path, finding and reason."""
    for path, reasons in assembly.acknowledged.items():
        for finding, reason in reasons.items():
            yield path, finding, reason


# The page


def rows_of_page() -> set[tuple[str, str]]:
    """The kept findings in the page's table, as finding and reason."""
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    return {(finding, reason.strip()) for finding, _, reason in rows}


def as_row(finding: str) -> str:
    """The rule alone: without the resource that it is about, and the pack where several call it alike."""
    rule = finding.partition("[")[0].rpartition("::")[2]
    return re.sub(r"^(?:NIST\.800\.53\.R5|HIPAA\.Security|PCI\.DSS\.321)-", "", rule)


def test_the_page_has_each_kept_finding_of_the_fullest_job_and_its_reasons(
    assemblies: dict[str, Assembly],
) -> None:
    kept = {(as_row(finding), reason) for _, finding, reason in acknowledgments(assemblies["prod-fullest"])}
    assert rows_of_page() == kept


@needs_checkov
def test_the_page_counts_what_each_tool_finds_in_the_fullest_template(
    assemblies: dict[str, Assembly], checkov: dict[str, Any]
) -> None:
    counted = {
        report["pluginName"]: len(report["suppressedViolations"])
        for report in assemblies["prod-fullest"].reports
    }
    counted["checkov"] = len({failed["check_id"] for failed in checkov["prod-fullest"]})
    page = dict(re.findall(r"^\| ([\w.]+) \|[^|]*\| (\d+) kept \|$", PAGE.read_text(), re.MULTILINE))
    assert page == {tool: str(kinds) for tool, kinds in counted.items()}


def test_the_page_names_the_versions() -> None:
    page = PAGE.read_text()
    for tool in ("cdk-nag", "cfn-lint", "cloudformation-validate", "statelint"):
        assert f"{tool} {metadata.version(tool)}" in page
    pinned = (PROJECT / "requirements-checkov.txt").read_text()
    [checkov_version] = re.findall(r"^checkov==(\S+)", pinned, re.MULTILINE)
    assert f"checkov {checkov_version}" in page
    asl_validator = json.loads((PROJECT / "package.json").read_text())["devDependencies"]["asl-validator"]
    assert f"asl-validator {asl_validator}" in page
