"""`batch-transform check` for jobs that a CDK app defines in Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from batch_transform.cli.main import main

APP = """\
import aws_cdk as cdk
from batch_transform.job.values.job_spec import JobSpec, ModelSpec
from batch_transform_cdk import BatchTransform

app = cdk.App()
scoring = cdk.Stack(app, "Scoring")
for name in NAMES:
    BatchTransform(scoring, name.title(), job=JobSpec(name=name, model=ModelSpec(existing="demo")))
app.synth()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["check", *arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def write_app(folder: Path, *names: str) -> None:
    """Write a CDK app without job files, which defines these jobs in Python."""
    (folder / "cdk.json").write_text('{"app": "python3 scoring.py"}')
    (folder / "scoring.py").write_text(APP.replace("NAMES", repr(names)))


def test_in_an_app_without_job_files_its_jobs_are_checked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_app(folder, "churn", "fraud")
    assert exit_code() == 0
    assert capsys.readouterr().out == "2 jobs of the CDK app checked, no errors: churn, fraud\n"
    assert exit_code("--json") == 0
    assert json.loads(capsys.readouterr().out)["jobs"] == ["churn", "fraud"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("churn!",), "name-malformed: name: 'churn!' is not allowed"),
        ((), "defines no job with BatchTransform"),
    ],
)
def test_fails_for_a_job_that_a_construct_rejects_and_for_an_app_without_jobs(
    folder: Path, capsys: pytest.CaptureFixture[str], names: tuple[str, ...], message: str
) -> None:
    write_app(folder, *names)
    assert exit_code() == 2
    assert message in capsys.readouterr().err
