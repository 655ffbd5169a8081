"""A stack of the last release, deployed to the local AWS and then updated with the current wheel."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.values.stack_outputs import FIRST_STACK, INPUT_BUCKET
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from package.clean import CleanEnvironment
from package.project import APP, cdk_out
from package.wheelhouse import PROJECT
from recorded.record import STATEFUL, assembly_of, releases

RELEASE = releases()[-1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project outside the checkout with the example job and its model."""
    subprocess.run(
        [sys.executable, str(PROJECT / "models/tumours/train.py"), str(tmp_path / "build")],
        check=True,
        capture_output=True,
    )
    (tmp_path / "app.py").write_text(APP)
    for name in ("cdk.json", "environments.yaml"):
        shutil.copyfile(PROJECT / name, tmp_path / name)
    (tmp_path / "jobs").mkdir()
    shutil.copyfile(PROJECT / "jobs/tumours.yaml", tmp_path / "jobs/tumours.yaml")
    return tmp_path


def test_an_update_from_the_last_release_keeps_what_is_stateful_and_the_job_runs(
    clean_environment: CleanEnvironment, project: Path
) -> None:
    context = json.loads((project / "cdk.json").read_text())["context"]
    variables = {**cdk_out("cdk.out"), "CDK_CONTEXT_JSON": json.dumps(context)}
    environment = clean_environment("cdk")
    environment.run("python", "app.py", cwd=project, variables=variables)
    with LocalAws(schedules=False) as aws:
        deploy(assembly_of(RELEASE, project / RELEASE), FIRST_STACK, aws.client, lambda _event: None)
        before = stateful(aws)
        outputs = deploy(project / "cdk.out", FIRST_STACK, aws.client, lambda _event: None)
        after = stateful(aws)
        assert before
        assert {logical_id: after.get(logical_id) for logical_id in before} == before

        data = project / "build/data/tumours.csv"
        aws.client("s3").upload_file(str(data), outputs[INPUT_BUCKET], "tumours/tumours.csv")
        environment.run(
            "batch-transform", "start", "tumours", "--wait", cwd=project, variables=aws.environment()
        )


def stateful(aws: LocalAws) -> dict[str, tuple[str, str]]:
    """The type and the physical id of each stateful resource."""
    found: Any = aws.client("cloudformation").describe_stack_resources(StackName=FIRST_STACK)[
        "StackResources"
    ]
    return {
        resource["LogicalResourceId"]: (resource["ResourceType"], resource["PhysicalResourceId"])
        for resource in found
        if resource["ResourceType"] in STATEFUL
    }
