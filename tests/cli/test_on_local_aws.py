"""The commands that call AWS, used with the local AWS as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batch_transform.adopt.adopted import in_full
from batch_transform.adopt.job_text import request_of
from batch_transform.job.files.job_file import load_job_file
from batch_transform.local.up import LocalAws

ROWS = b"7,42,gold\n8,43,basic\n"
REQUEST = {
    "ModelName": "churn-model",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in-bucket/day/"}},
        "ContentType": "text/csv",
        "CompressionType": "None",
        "SplitType": "Line",
    },
    "TransformOutput": {"S3OutputPath": "s3://out-bucket/y", "Accept": "text/csv", "AssembleWith": "Line"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    "Tags": [{"Key": "team", "Value": "data"}],
}
NAME = "churn-2026-01-02-10-00-00-123"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """A local AWS with data, a model and a transform job."""
    with LocalAws() as aws:
        s3, sagemaker = aws.client("s3"), aws.client("sagemaker")
        for bucket in ("in-bucket", "out-bucket"):
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket="in-bucket", Key="day/rows.csv", Body=ROWS)
        manifest = b'[{"prefix": "s3://in-bucket/"}, "day/rows.csv"]'
        s3.put_object(Bucket="in-bucket", Key="list.manifest", Body=manifest)
        image = f"file://{Path(__file__).parents[1] / 'local' / 'model_folder'}"
        sagemaker.create_model(
            ModelName="churn-model",
            ExecutionRoleArn="arn:aws:iam::000000000000:role/churn",
            PrimaryContainer={"Image": image},
        )
        sagemaker.create_transform_job(TransformJobName=NAME, **REQUEST)
        yield aws


@pytest.fixture
def run(aws: LocalAws, tmp_path: Path) -> Run:
    """Run the command line in an empty folder."""

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "batch_transform.cli.main", *arguments],
            cwd=tmp_path,
            env={**os.environ, **aws.environment()},
            capture_output=True,
            text=True,
            check=False,
        )

    return command


def test_a_transform_job_in_the_account_is_adopted_exactly(run: Run, tmp_path: Path) -> None:
    done = run("adopt", NAME, "--out", "churn.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    spec = load_job_file(tmp_path / "churn.yaml")
    assert spec.name == "churn"
    assert request_of(spec) == in_full(REQUEST)


def test_fails_for_a_transform_job_that_the_account_does_not_have(run: Run) -> None:
    done = run("adopt", "other-job")
    assert done.returncode == 2
    assert "nor a transform job with that name in the account" in done.stderr


def test_the_jobs_own_data_in_s3_are_previewed(run: Run) -> None:
    assert run("adopt", NAME, "--out", "churn.yaml").returncode == 0
    done = run("preview", "churn.yaml", "--answer", "0.9,yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("churn  s3://in-bucket/day/rows.csv\n")
    assert "  model gets  42,gold\n" in done.stdout
    assert "  kept        7,yes\n" in done.stdout
    assert "no problems in the 2 records" in done.stdout


def test_the_first_object_in_the_jobs_manifest_is_previewed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(
        "name: demo\nmodel: {existing: m}\n"
        "input: {data: s3://in-bucket/list.manifest, data_type: ManifestFile, split_type: Line}\n"
        "output: {assemble_with: Line}\n"
    )
    done = run("preview", "job.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("demo  s3://in-bucket/day/rows.csv\n")


def test_fails_for_data_that_do_not_exist(run: Run) -> None:
    assert run("adopt", NAME, "--out", "churn.yaml").returncode == 0
    for place, message in (
        ("s3://in-bucket/night/", "no object has an address that begins with this"),
        ("s3://no-bucket/x", "NoSuchBucket"),
    ):
        done = run("preview", "churn.yaml", "--input", place)
        assert done.returncode == 2
        assert message in done.stderr
