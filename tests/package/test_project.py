"""A project of a user who installed batch-transform: a CDK app, a job file and a model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from package.clean import CleanEnvironment, Wheel
from package.project import SCORES, cdk_out, write_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", ["run", "preview", "parity", "local", "local up"])
def test_help(clean_environment: CleanEnvironment, tmp_path: Path, command: str) -> None:
    done = clean_environment("cdk", "local").run("batch-transform", *command.split(), "--help", cwd=tmp_path)
    assert f"Usage: batch-transform {command}" in done.stdout
    assert "not installed" not in done.stdout


@pytest.mark.parametrize(
    ("wheel", "versions"), [("pure", "newest"), ("compiled", "newest"), ("pure", "oldest")]
)
def test_a_job_runs_from_its_file_to_the_rows(
    clean_environment: CleanEnvironment, project: Path, wheel: Wheel, versions: str
) -> None:
    environment = clean_environment("cdk", "local", wheel=wheel, versions=versions)
    environment.run("batch-transform", "check", cwd=project)
    said = environment.run("batch-transform", "run", "churn", "--input", "rows.csv", cwd=project).stdout
    [result] = project.glob("out/churn/*/rows.csv.out")
    assert result.read_text() == SCORES
    assert "│ a-2 │ 0.17  │" in said


@pytest.mark.parametrize(("wheel", "is_compiled"), [("pure", False), ("compiled", True)])
def test_only_the_compiled_wheel_has_the_filters_in_c(
    clean_environment: CleanEnvironment, tmp_path: Path, wheel: Wheel, is_compiled: bool
) -> None:
    source = "from batch_transform.engine.compiled import is_compiled; print(is_compiled())"
    environment = clean_environment("cdk", "local", wheel=wheel)
    assert environment.run("python", "-c", source, cwd=tmp_path).stdout == f"{is_compiled}\n"


def test_records_are_previewed(clean_environment: CleanEnvironment, project: Path) -> None:
    options = ("--input", "rows.csv", "--model", "-n", "1")
    environment = clean_environment("cdk", "local")
    said = environment.run("batch-transform", "preview", "churn", *options, cwd=project).stdout
    assert "score: 0.42" in said


def test_the_template_is_that_of_the_checkout(clean_environment: CleanEnvironment, project: Path) -> None:
    """With the same functions, by the hashes of their archives; cdk-nag checks both."""
    environment = clean_environment("cdk", versions="newest-core")
    environment.run("python", "app.py", cwd=project, variables=cdk_out("theirs"))
    subprocess.run(
        [sys.executable, "app.py"],
        cwd=project,
        env={**environment.variables(), **cdk_out("ours")},
        check=True,
        capture_output=True,
        timeout=900,
    )
    theirs, ours = (
        json.loads((project / out / "BatchTransform.template.json").read_text()) for out in ("theirs", "ours")
    )
    assert theirs == ours
