"""The same templates checked by checkov, which has an environment of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from compliance.assemblies import NAMES, PROJECT, Assembly, kept_on_page

CHECKOV = PROJECT / "build/checkov/bin/checkov"
pytestmark = pytest.mark.skipif(
    not CHECKOV.exists(), reason="needs checkov (300 MB): tests/local/clients/install checkov"
)
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="session")
def checkov(assemblies: dict[str, Assembly], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """checkov's findings by the name of the assembly; one run for all, since most of its time is its start."""
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
    results = json.loads(done.stdout)
    assert results["summary"]["passed"] > 0
    assert results["summary"]["parsing_errors"] == 0
    found: dict[str, Any] = {name: [] for name in assemblies}
    for failed in results["results"]["failed_checks"]:
        found[Path(failed["file_path"]).stem].append(failed)
    return found


@each
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
        for path, finding, _ in assembly.acknowledgments()
        if finding.startswith("checkov::")
        and not any(finding == f"checkov::{check}" and f"{at}/".startswith(f"{path}/") for check, at in paths)
    ] == []


def test_the_page_counts_what_checkov_finds_in_the_fullest_template(checkov: dict[str, Any]) -> None:
    kinds = {failed["check_id"] for failed in checkov["prod-fullest"]}
    assert kept_on_page()["checkov"] == len(kinds)
