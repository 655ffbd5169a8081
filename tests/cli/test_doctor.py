"""`batch-transform doctor`: the table and the exit code."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from rich.console import Console

from batch_transform.cli.doctor import show_findings
from batch_transform.cli.main import main
from batch_transform.doctor.finding import Finding, Verdict
from fakes.account import ACCOUNT, REGION, Answer, FakeAccount, Refusal

FINDINGS = [
    Finding("account", ACCOUNT, Verdict.FINE, "arn:aws:sts::111122223333:assumed-role/dev/ann"),
    Finding(
        "bootstrap", "", Verdict.ERROR, "the CDK isn't bootstrapped here; to bootstrap it: npx aws-cdk@2"
    ),
    Finding("package group", "churn", Verdict.NOT_CHECKED, "needs sagemaker:DescribeModelPackageGroup"),
]
JOB = """
name: churn
model: {existing: churn-v7}
input: {content_type: text/csv, split_type: Line}
transform: {instance_type: ml.m5.large}
"""
EMPTY: dict[str, Answer] = {
    "cloudformation.DescribeStacks": Refusal("ValidationError", "Stack does not exist"),
    "logs.DescribeLogGroups": {"logGroups": []},
    "service-quotas.ListAWSDefaultServiceQuotas": {"Quotas": []},
    "service-quotas.ListServiceQuotas": {
        "Quotas": [{"QuotaName": "ml.m5.large for transform job usage", "Value": 4}]
    },
    "sagemaker.DescribeModel": Refusal("AccessDeniedException"),
}


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_width(width: int) -> None:
    text = io.StringIO()
    show_findings(FINDINGS, Console(file=text, width=width))
    *table, _ = text.getvalue().splitlines()  # the last line is a sentence, which the terminal wraps
    assert all(len(line) <= width for line in table)
    assert table[0].split() == ["result", "check", "found,", "and", "what", "to", "do"]
    assert "1 error, 0 warnings, 1 not checked, 1 fine" in table
    assert 'the page "Permissions for people" of the documentation has a policy' in text.getvalue()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a job, and a fake account for boto3."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/churn.yaml").write_text(JOB)
    return tmp_path


def run(
    answers: dict[str, Answer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
) -> tuple[int, str]:
    fake = FakeAccount(answers)

    def client(_session: object, service: str, **_: object) -> Any:
        return fake.client(service)

    monkeypatch.setattr(boto3.Session, "client", client)
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().out


@pytest.mark.usefixtures("project")
def test_exits_with_1_if_something_would_stop_a_deployment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run({**EMPTY, "ssm.GetParameter": Refusal("ParameterNotFound")}, monkeypatch, capsys)
    assert code == 1
    assert f"npx aws-cdk@2 bootstrap aws://{ACCOUNT}/{REGION}" in out
    assert "4 instances: 4 runs of churn at once" in out


@pytest.mark.usefixtures("project")
def test_without_a_region_the_error_says_where_to_set_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    assert ended.value.code == 2
    assert "no AWS region is set: set AWS_DEFAULT_REGION" in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_what_is_not_checked_does_not_change_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: dict[str, Answer] = {**EMPTY, "ssm.GetParameter": {"Parameter": {"Value": "21"}}}
    code, out = run(answers, monkeypatch, capsys, "--json")
    assert code == 0
    found = {one["check"]: one for one in json.loads(out)["findings"]}
    assert found["model"] == {
        "check": "model",
        "subject": "churn-v7",
        "verdict": "not checked",
        "text": "needs sagemaker:DescribeModel",
    }


def test_the_qualifier_comes_from_cdk_json(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    context = {"@aws-cdk/core:bootstrapQualifier": "ours"}
    (project / "cdk.json").write_text(json.dumps({"context": context}))
    _, out = run({**EMPTY, "ssm.GetParameter": Refusal("ParameterNotFound")}, monkeypatch, capsys)
    assert "--qualifier ours" in out


def test_a_job_file_with_an_error_is_shown_before_anything_is_read(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "jobs/churn.yaml").write_text("name: churn\n")
    assert run({}, monkeypatch, capsys) == (2, "")
