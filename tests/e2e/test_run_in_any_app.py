"""`batch-transform run` in the folder of any CDK app: jobs defined in Python, in stacks of any shape."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from e2e.project_copy import Project

APP = """
import os
from dataclasses import replace
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from batch_transform.job.values.job_spec import (
    DataProcessingSpec,
    FrameworkImage,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
)
from batch_transform_cdk import BatchTransform

CELLS = JobSpec(
    name="cells",
    model=ModelSpec(source=Path("build/tumours").resolve(), image=FrameworkImage("sklearn", "1.2-1")),
    input=InputSpec(
        content_type="text/csv", split_type="Line", columns=("case_id", *(f"c{number}" for number in range(30)))
    ),
    data_processing=DataProcessingSpec(send_except=("case_id",), join_source="Input", keep=("case_id", "prediction")),
    output=OutputSpec(accept="text/csv", assemble_with="Line", columns=("probability", "prediction")),
)
HERE = cdk.Environment(account=os.environ["CDK_DEFAULT_ACCOUNT"], region=os.environ["CDK_DEFAULT_REGION"])
THERE = cdk.Environment(account="123456789012", region="eu-west-1")

app = cdk.App()
lake = s3.Bucket(cdk.Stack(app, "Lake", env=HERE), "Bucket")
BatchTransform(cdk.Stack(app, "Scoring", env=HERE), "Cells", job=CELLS, input_bucket=lake)

inner = cdk.NestedStack(cdk.Stack(app, "Outer"), "Inner")
BatchTransform(inner, "Cells", job=replace(CELLS, name="nested"))

stage = cdk.Stage(app, "Live", env=THERE)
BatchTransform(cdk.Stack(stage, "Scoring"), "Cells", job=replace(CELLS, name="staged"))

old = cdk.Stack(app, "Old", env=THERE)
given = replace(CELLS, name="given", input=replace(CELLS.input, data="s3://our-lake/cells/"))
bucket = s3.Bucket.from_bucket_name(old, "Bucket", "our-lake")
BatchTransform(old, "Cells", job=given, input_bucket=bucket)

for name in ("One", "Two"):
    BatchTransform(cdk.Stack(app, name), "Cells", job=replace(CELLS, name="twice"))
app.synth()
"""


@pytest.fixture
def own(tmp_path: Path, example_model: Path) -> Project:
    """A folder with an app that uses this project as an installed package only."""
    package = tmp_path / "scoring"
    package.mkdir()
    (package / "main.py").write_text(APP)
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "python3 -m scoring.main"}))
    (tmp_path / "build").symlink_to(example_model)
    return Project(tmp_path)


@pytest.mark.parametrize(
    ("job", "texts"),
    [
        ("cells", ["-> stack Scoring", "stack Lake, through", "stack Scoring, through", "s3://lake-bucket"]),
        ("nested", ["-> stack Outer", "stack Outer, through"]),
        ("staged", ["-> stack Live-Scoring", "stack Live-Scoring, through"]),
        (
            "given",
            ["-> stack Old", "no stack of the app has our-lake", "s3://our-lake/cells/tumours.csv"],
        ),
    ],
)
def test_a_job_made_in_python_runs_with_the_stacks_that_it_needs(
    own: Project, job: str, texts: list[str]
) -> None:
    done = own.batch_transform("run", job, "--input", "build/data/tumours.csv", "--enforce-iam", timeout=300)
    assert done.returncode == 0, done.stderr
    for text in texts:
        assert text in done.stdout
    assert "case_id" in done.stdout
    [result] = (own.folder / "out" / job).glob("*/tumours.csv.out")
    assert result.read_text().splitlines()[0].startswith("case-")
    assert len(result.read_text().splitlines()) == 171


def test_a_stack_is_chosen_where_two_have_the_job(own: Project) -> None:
    data = ("--input", "build/data/tumours.csv")
    refused = own.batch_transform("run", "twice", *data)
    assert refused.returncode == 2
    assert (
        "the app has the job twice in 2 stacks, One and Two: choose one of them with --stack"
        in refused.stderr
    )
    done = own.batch_transform("run", "twice", *data, "--stack", "Two", timeout=300)
    assert done.returncode == 0, done.stderr
    assert "-> stack Two" in done.stdout


def test_fails_for_a_job_that_the_app_does_not_have_and_names_those_it_has(own: Project) -> None:
    done = own.batch_transform("run", "cell", "--input", "build/data/tumours.csv")
    assert done.returncode == 2
    assert done.stderr == "error: the app has no job cell; its jobs: cells, given, nested, staged, twice\n"


def test_fails_for_data_that_the_job_cannot_score_before_a_run_is_started(own: Project) -> None:
    (own.folder / "packed.csv").write_bytes(gzip.compress(b"case-1,1\n"))
    done = own.batch_transform("run", "cells", "--input", "packed.csv", timeout=300)
    assert done.returncode == 2
    assert "packed.csv" in done.stderr
    assert "gzip" in done.stderr


def test_fails_in_a_folder_without_an_app_and_says_what_makes_one(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1\n")
    done = Project(tmp_path).batch_transform("run", "cells", "--input", "data.csv")
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {tmp_path.resolve()} has no cdk.json: run this in the folder of a CDK app, or create one with "
        "batch-transform init\n"
    )
