"""The real `cdk` command against the local AWS, as its users use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from batch_transform.local.up import LocalAws
from batch_transform.spec.stack_outputs import INPUT_BUCKET, state_machine_output
from e2e.project_copy import PROJECT, Project

TOOLS = Path(sys.executable).parent
CDK = PROJECT / "node_modules/.bin/cdk"


@pytest.fixture
def aws() -> Any:
    with LocalAws() as started:
        yield started


def cdk(project: Project, aws: LocalAws, *arguments: str) -> str:
    """Run `cdk` in the project and return all that it printed."""
    environment = {
        **os.environ,
        "PATH": f"{TOOLS}:{os.environ['PATH']}",  # `python3 app.py`, and Node for the CDK's kernel
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "CI": "true",
    }
    done = subprocess.run(
        [str(TOOLS / "node"), str(CDK), "--no-notices", *arguments],
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def run_and_read(aws: LocalAws, outputs: dict[str, str]) -> list[str]:
    """Start the deployed machine, wait for it, and return the lines of its one result."""
    stepfunctions, s3 = aws.client("stepfunctions"), aws.client("s3")
    started = stepfunctions.start_execution(
        stateMachineArn=outputs[state_machine_output("tumours")], input="{}"
    )
    for _ in range(400):
        described = stepfunctions.describe_execution(executionArn=started["executionArn"])
        if described["status"] != "RUNNING":
            break
        time.sleep(0.1)
    assert described["status"] == "SUCCEEDED", described
    bucket, _, prefix = json.loads(described["output"])["S3OutputPath"].removeprefix("s3://").partition("/")
    [result] = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    text: str = s3.get_object(Bucket=bucket, Key=result["Key"])["Body"].read().decode()
    return text.splitlines()


def outputs_of(aws: LocalAws) -> dict[str, str]:
    [stack] = aws.client("cloudformation").describe_stacks(StackName="BatchTransform")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.mark.timeout(400)
def test_a_job_is_deployed_run_changed_and_destroyed(project: Project, aws: LocalAws) -> None:
    cdk(project, aws, "bootstrap")
    cdk(project, aws, "deploy", "--require-approval", "never")
    outputs = outputs_of(aws)
    data = project.folder / "build/data/tumours.csv"
    aws.client("s3").upload_file(str(data), outputs[INPUT_BUCKET], "tumours/tumours.csv")
    assert {len(line.split(",")) for line in run_and_read(aws, outputs)} == {2}

    project.edit_job("data_processing", output_filter="$[0,-2,-1]")
    difference = cdk(project, aws, "diff")
    assert "$[0,-2,-1]" in difference
    cdk(project, aws, "deploy", "--require-approval", "never")
    lines = run_and_read(aws, outputs_of(aws))
    assert {len(line.split(",")) for line in lines} == {3}

    assert "no differences" in cdk(project, aws, "diff")
    cdk(project, aws, "destroy", "--force")
    stacks = aws.client("cloudformation").list_stacks(
        StackStatusFilter=["CREATE_COMPLETE", "UPDATE_COMPLETE"]
    )
    assert "BatchTransform" not in {stack["StackName"] for stack in stacks["StackSummaries"]}
    assert not aws.client("sagemaker").list_models()["Models"]
    kept = {bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]}
    assert outputs[INPUT_BUCKET] in kept


def test_cdk_synth_prints_the_template(project: Project, aws: LocalAws) -> None:
    printed = cdk(project, aws, "synth")
    assert "AWS::SageMaker::Model" in printed
    assert Path(project.folder / "cdk.out/BatchTransform.template.json").is_file()
