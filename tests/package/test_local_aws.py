"""The local AWS from the extra `local`, and the core as its client."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from package.clean import CleanEnvironment
from package.local_aws import local_aws
from package.project import write_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path)
    return tmp_path


def test_known_cases_have_the_expected_outcome(clean_environment: CleanEnvironment, tmp_path: Path) -> None:
    environment = clean_environment("cdk", "local")
    with local_aws(environment, tmp_path) as variables:
        done = environment.run(
            *("batch-transform", "parity", "--endpoint-url", variables["AWS_ENDPOINT_URL"], "--json"),
            *("--case", "csv-id-beside-prediction", "--case", "list-of-ranges"),
            cwd=tmp_path,
        )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert {result["id"]: result["differences"] for result in results} == {
        "csv-id-beside-prediction": [],
        "list-of-ranges": [],
    }


@pytest.mark.parametrize("versions", ["newest-core", "oldest-core"])
def test_a_deployed_job_is_started_listed_and_shown_by_the_core_alone(
    clean_environment: CleanEnvironment, project: Path, versions: str
) -> None:
    everything, core = clean_environment("cdk", "local"), clean_environment(versions=versions)
    with local_aws(everything, project) as variables:
        everything.run("cdk", "bootstrap", cwd=project, variables=variables)
        everything.run("cdk", "deploy", "--require-approval=never", cwd=project, variables=variables)
        everything.run("python", "-c", _UPLOAD, cwd=project, variables=variables)
        said = core.run(
            "batch-transform", "start", "churn", "--wait", cwd=project, variables=variables
        ).stdout
        assert "state     Completed" in said
        assert "SUCCEEDED" in core.run("batch-transform", "runs", cwd=project, variables=variables).stdout
        shown = core.run("batch-transform", "show", "churn", cwd=project, variables=variables).stdout
        assert "rows.csv.out  18 bytes" in shown


_UPLOAD = """\
import boto3
outputs = boto3.client("cloudformation").describe_stacks(StackName="BatchTransform")["Stacks"][0]["Outputs"]
[bucket] = [output["OutputValue"] for output in outputs if output["OutputKey"] == "InputBucketName"]
boto3.client("s3").upload_file("rows.csv", bucket, "churn/rows.csv")
"""
