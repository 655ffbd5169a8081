"""The tool that tests another release of the emulator."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import ministack  # type: ignore[import-untyped]  # it has no types
import pytest

from tools.newest_emulator import CHECKS, main

INSTALLED = Path(ministack.__file__).parent
README = Path("batch_transform/local/emulator/patches/README.md")
HOOK = "def _run_execution(exec_arn)"


@pytest.mark.parametrize("patch", CHECKS)
def test_the_local_aws_passes_the_check_of(patch: str, lab: Any) -> None:
    assert CHECKS[patch](lab.aws.client)


def test_the_pinned_release_needs_every_patch(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--site", str(INSTALLED.parent)]) == 0
    output = capsys.readouterr().out
    assert "hooks: all there" in output
    assert [patch for patch in CHECKS if f"{patch}: needed" not in output] == []


def test_fails_naming_the_hooks_that_a_release_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    shutil.copytree(INSTALLED, site / "ministack", ignore=shutil.ignore_patterns("__pycache__"))
    states = site / "ministack" / "services" / "stepfunctions.py"
    source = states.read_text(encoding="utf-8")
    assert HOOK in source
    states.write_text(source.replace(HOOK, "def _run(exec_arn)"), encoding="utf-8")
    assert main(["--site", str(site)]) == 1
    output = capsys.readouterr().out
    assert "broken: ministack.services.stepfunctions:_run_execution" in output
    assert "hooks: 1 broken" in output


def test_the_readme_has_every_patch(pytestconfig: pytest.Config) -> None:
    folder = pytestconfig.rootpath / README.parent
    patches = {path.name for path in folder.glob("*.py")} | {"interpreter/"}
    rows = [
        line.split("`")[1] for line in (folder / "README.md").read_text("utf-8").splitlines() if "| `" in line
    ]
    assert set(rows) == patches - {"__init__.py"}
