"""The unmodified AWS CLI works with only the environment variables that the local AWS prints."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE_SECONDS

AWS = Path(__file__).parents[3] / "build/aws-cli/bin/aws"
pytestmark = pytest.mark.skipif(
    not AWS.exists(), reason="needs the AWS CLI (200 MB): tests/local/clients/install aws-cli"
)


def aws(lab: Any, *arguments: str) -> str:
    """Run the command as in a shell where the local AWS's variables are exported."""
    ended = subprocess.run(
        [str(AWS), *arguments],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **lab.aws.environment()},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_aws_cli_runs_a_job_from_the_model_to_the_result(lab: Any, tmp_path: Path) -> None:
    bucket, name = lab.name(), lab.name()
    (tmp_path / "rows.csv").write_text("id-1,2,3\nid-2,5,6\n")
    aws(lab, "s3", "mb", f"s3://{bucket}")
    aws(lab, "s3", "cp", str(tmp_path / "rows.csv"), f"s3://{bucket}/in/rows.csv")
    model = lab.model()
    request = {**lab.request(model, bucket), "TransformJobName": name}
    created = json.loads(
        aws(lab, "sagemaker", "create-transform-job", "--cli-input-json", json.dumps(request))
    )
    assert created["TransformJobArn"].endswith(f":transform-job/{name}")
    aws(lab, "sagemaker", "wait", "transform-job-completed-or-stopped", "--transform-job-name", name)
    described = json.loads(aws(lab, "sagemaker", "describe-transform-job", "--transform-job-name", name))
    assert described["TransformJobStatus"] == "Completed"
    aws(lab, "s3", "cp", f"s3://{bucket}/out/rows.csv.out", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text() == "id-1,2\nid-2,2\n"


def test_the_aws_cli_lists_jobs_with_its_options(lab: Any) -> None:
    model, bucket, mark = lab.model(), lab.bucket(**{"a.csv": b"1,2\n"}), lab.name()
    for number in range(3):
        lab.run(lab.request(model, bucket, TransformJobName=f"{mark}-{number}"))
    listing = ("sagemaker", "list-transform-jobs", "--name-contains", mark, "--status-equals", "Completed")
    query = ("--query", "TransformJobSummaries[].TransformJobName", "--output", "json")
    sorted_up = aws(
        lab, *listing, "--sort-by", "CreationTime", "--sort-order", "Ascending", "--page-size", "2", *query
    )
    assert json.loads(sorted_up) == [f"{mark}-0", f"{mark}-1", f"{mark}-2"]
    since = (
        "--creation-time-after",
        "2020-01-01T00:00:00Z",
        "--creation-time-before",
        "2021-01-01T00:00:00Z",
    )
    assert json.loads(aws(lab, *listing, *since, *query)) == []
