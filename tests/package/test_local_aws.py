"""The local AWS from the extra `local`, and the core as its client."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from package.clean import CleanEnvironment
from package.local_aws import local_aws
from package.project import write_project


class Deployed(NamedTuple):
    """A project that is deployed to a local AWS, and the environment variables of its clients."""

    project: Path
    variables: dict[str, str]


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


@pytest.fixture(scope="module")
def deployed(
    clean_environment: CleanEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    """The project, deployed with its data by the extras, for each core as a client."""
    project = tmp_path_factory.mktemp("project")
    write_project(project)
    everything = clean_environment("cdk", "local")
    with local_aws(everything, project) as variables:
        # with the account and the region `cdk` needs no synthesis to find them
        everything.run("cdk", "bootstrap", "aws://000000000000/us-east-1", cwd=project, variables=variables)
        everything.run("cdk", "deploy", "--require-approval=never", cwd=project, variables=variables)
        everything.run("python", "-c", _UPLOAD, cwd=project, variables=variables)
        yield Deployed(project, variables)


@pytest.mark.parametrize("versions", ["newest-core", "oldest-core"])
def test_a_deployed_job_is_started_listed_and_shown_by_the_core_alone(
    clean_environment: CleanEnvironment, deployed: Deployed, versions: str
) -> None:
    core = clean_environment(versions=versions)

    def said(*command: str) -> str:
        return core.run(*command, cwd=deployed.project, variables=deployed.variables).stdout

    started = said("batch-transform", "start", "churn", "--wait")
    assert "state     Completed" in started
    (run,) = re.findall(r"^run +(\S+)$", started, re.MULTILINE)
    listed = said("batch-transform", "runs")
    assert [line for line in listed.splitlines() if run in line and "SUCCEEDED" in line], listed
    assert "rows.csv.out  18 bytes" in said("batch-transform", "show", "churn")


_UPLOAD = """\
import boto3
outputs = boto3.client("cloudformation").describe_stacks(StackName="BatchTransform")["Stacks"][0]["Outputs"]
[bucket] = [output["OutputValue"] for output in outputs if output["OutputKey"] == "InputBucketName"]
boto3.client("s3").upload_file("rows.csv", bucket, "churn/rows.csv")
"""
