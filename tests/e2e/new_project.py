"""A project that `batch-transform init` wrote, and the first steps in it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from batch_transform.scaffold.new_file import write_all_new
from batch_transform.scaffold.project_template import TEMPLATES


def require_it_runs_and_tests_as_its_readme_shows(template: str, project: Path) -> None:
    """Write a project of this template to a new folder, run its job there, and its test."""
    write_all_new(project, TEMPLATES[template].project("my-scoring"))
    command, *arguments = shlex.split(TEMPLATES[template].run)
    assert command == "batch-transform"
    shown = _in_folder(project, "batch_transform.cli.main", *arguments)
    for line in rows_in_readme(project):
        assert line in shown
    assert "2 passed" in _in_folder(project, "pytest", "-p", "no:cacheprovider")


def rows_in_readme(project: Path) -> list[str]:
    """Return the rows of the result, and how many are right, that the README shows."""
    text = (project / "README.md").read_text()
    rows = re.findall(r"^    (│ .* │|accuracy .*)$", text, re.MULTILINE)
    assert len(rows) >= 2
    return rows


def _in_folder(project: Path, module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
