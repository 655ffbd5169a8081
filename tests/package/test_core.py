"""batch-transform without extras."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from package.clean import CleanEnvironment, Environment
from package.wheelhouse import PROJECT

COMMANDS = ("check", "explain", "init", "new", "adopt", "schema", "doctor", "start", "runs", "show", "stop")
OF_EXTRAS = {"run": "cdk,local", "preview": "local", "local": "local", "parity": "local"}
SECONDS_TO_START = 0.4

JOB = """\
name: churn
model: {existing: churn-model}
input: {content_type: text/csv, split_type: Line, columns: [id, age, plan]}
data_processing: {send_except: [id], join_source: Input, keep: [id, score]}
output: {accept: text/csv, assemble_with: Line, columns: [score]}
"""


@pytest.fixture(scope="module", params=["newest-core", "oldest-core"])
def core(clean_environment: CleanEnvironment, request: pytest.FixtureRequest) -> Environment:
    return clean_environment(versions=request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/churn.yaml").write_text(JOB)
    return tmp_path


def test_the_checkout_is_out_of_reach(core: Environment, tmp_path: Path) -> None:
    paths = core.run("python", "-c", "import sys; print(*sys.path, sep='\\n')", cwd=tmp_path).stdout.split(
        "\n"
    )
    assert not [path for path in paths if path and Path(path).is_relative_to(PROJECT)]
    assert core.run("batch-transform", "--help", cwd=tmp_path).stdout.count("\n  ") > len(COMMANDS)


def test_the_version_is_that_of_pyproject(core: Environment, tmp_path: Path) -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert core.run("batch-transform", "--version", cwd=tmp_path).stdout.split()[-1] == version


@pytest.mark.parametrize("command", COMMANDS)
def test_help(core: Environment, tmp_path: Path, command: str) -> None:
    assert "Usage: batch-transform" in core.run("batch-transform", command, "--help", cwd=tmp_path).stdout


@pytest.mark.parametrize("command", OF_EXTRAS)
def test_fails_with_the_extra_to_install_and_the_help_names_it_too(
    core: Environment, tmp_path: Path, command: str
) -> None:
    install = f"pip install 'batch-transform[{OF_EXTRAS[command]}]'"
    assert install in core.run("batch-transform", command, "--help", cwd=tmp_path).stdout
    said = core.run("batch-transform", command, "up", "--port", "0", cwd=tmp_path, exit_code=2).stderr
    assert said.startswith(f"error: {command} needs packages that are not installed: ")
    assert said.endswith(f"; to install them: {install}\n")


def test_a_job_file_is_checked(core: Environment, folder: Path) -> None:
    assert core.run("batch-transform", "check", cwd=folder).stdout == "1 job file checked, no errors\n"
    job = folder / "jobs/churn.yaml"
    job.write_text(job.read_text().replace("split_type", "split_typ"))
    said = core.run("batch-transform", "check", cwd=folder, exit_code=2).stderr
    assert said.startswith("jobs/churn.yaml:3:")
    assert "split_typ" in said


def test_a_job_is_explained(core: Environment, folder: Path) -> None:
    said = core.run("batch-transform", "explain", "churn", cwd=folder).stdout
    assert "The model gets all columns except id" in said


def test_a_job_file_is_written_and_is_sound(core: Environment, tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    options = ("--model", "churn-model", "--columns", "id,age", "--id", "id")
    core.run("batch-transform", "new", "churn", *options, cwd=tmp_path)
    core.run("batch-transform", "check", cwd=tmp_path)


def test_the_schema_is_that_of_the_checkout(core: Environment, tmp_path: Path) -> None:
    said = core.run("batch-transform", "schema", cwd=tmp_path).stdout
    assert json.loads(said) == json.loads((PROJECT / "jobs/job.schema.json").read_text())


def test_a_request_in_a_markdown_note_is_adopted(core: Environment, tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text(
        "Our job:\n\n```python\ntransformer = Transformer(model_name='churn', instance_count=1, "
        "instance_type='ml.m5.large', output_path='s3://out-bucket/churn')\n"
        "transformer.transform('s3://in-bucket/churn', content_type='text/csv', split_type='Line')\n```\n"
    )
    said = core.run("batch-transform", "adopt", "--from-sdk", "note.md", cwd=tmp_path).stdout
    assert "instance_type: ml.m5.large" in said


def test_a_project_is_started_and_its_job_file_is_sound(core: Environment, tmp_path: Path) -> None:
    core.run("batch-transform", "init", "scoring", cwd=tmp_path)
    assert "no errors" in core.run("batch-transform", "check", cwd=tmp_path / "scoring").stdout


@pytest.mark.parametrize("arguments", [("--help",), ("check",)], ids=" ".join)
def test_it_starts_quickly(core: Environment, folder: Path, arguments: tuple[str, ...]) -> None:
    """The best CPU time of five, which other programs on the machine hardly influence."""
    command = [str(core.folder / "bin/batch-transform"), *arguments]
    times = []
    for _ in range(5):
        before = os.times()
        subprocess.run(command, cwd=folder, env=core.variables(), capture_output=True, check=True)
        after = os.times()
        times.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    assert min(times) < SECONDS_TO_START
