"""The projects that `batch-transform init` writes, as their READMEs say."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from batch_transform.authoring.new_file import write_all_new
from batch_transform.authoring.project_template import TEMPLATES

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="needs PyTorch (190 MB and more): pip install torch"
)


@pytest.mark.parametrize(
    "template",
    ["scikit-learn", pytest.param("pytorch", marks=needs_torch), "existing-model", "own-container"],
)
def test_a_project_runs_and_its_test_passes(tmp_path: Path, template: str) -> None:
    project = tmp_path / "project"
    write_all_new(project, TEMPLATES[template].project("my-scoring"))
    command, *arguments = shlex.split(TEMPLATES[template].run)
    assert command == "batch-transform"
    shown = in_folder(project, "batch_transform.cli.main", *arguments)
    for line in rows_in_readme(project):
        assert line in shown
    assert "2 passed" in in_folder(project, "pytest", "-p", "no:cacheprovider")


def rows_in_readme(project: Path) -> list[str]:
    """The rows of the result, and how many are right, that the README shows."""
    text = (project / "README.md").read_text()
    rows = re.findall(r"^    (│ .* │|accuracy .*)$", text, re.MULTILINE)
    assert len(rows) >= 2
    return rows


def in_folder(project: Path, module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
