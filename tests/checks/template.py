"""What the checks of templates say: the packs of each synth, cfn-lint, and cloudformation-validate."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cloudformation_validate as cfv

_CFN_LINT = Path(sys.executable).parent / "cfn-lint"

# Of both tools: the CDK writes DependsOn beside a reference that says the same.
_KEPT = "W3005"


def pack_reports(assembly: Path) -> list[dict[str, Any]]:
    """Return what the packs of the synth say of this cloud assembly; one that has nothing to say is left out."""
    told: list[dict[str, Any]] = json.loads((assembly / "validation-report.json").read_text())[
        "pluginReports"
    ]
    return told


def pack_violations(assembly: Path) -> list[dict[str, Any]]:
    """Return what the packs find and nobody acknowledged. Fails when they did not run."""
    reports = pack_reports(assembly)
    assert "AwsSolutions" in {report["pluginName"] for report in reports}
    assert all(report["conclusion"] == "success" for report in reports if not report["violations"])
    return [violation for report in reports for violation in report["violations"]]


def cfn_lint_complaints(templates: Iterable[Path]) -> str:
    """Return all that cfn-lint prints of these templates; nothing, if they please it."""
    command = [str(_CFN_LINT), "--ignore-checks", _KEPT, "--", *map(str, templates)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (done.stdout == ""), done.stderr
    return done.stdout


def cloudformation_validate_findings(template: Path) -> list[tuple[str, str, str]]:
    """Return rule, resource type and message of each finding but advice on style. Fails when it looked at nothing."""
    report = cfv.CompositeEngine().validate_template(str(template))
    assert report.diagnostics
    return [
        (found.rule_id, found.entity.resource_type, found.message)
        for found in report.diagnostics
        if found.severity.name != "INFO" and found.rule_id != _KEPT
    ]
