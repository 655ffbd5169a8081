"""EventBridge Scheduler starts the machine by itself."""

from __future__ import annotations

import time

import pytest

from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from batch_transform.runs.synth import synthesise
from batch_transform.spec.stack_outputs import INPUT_BUCKET, OUTPUT_BUCKET, state_machine_output
from e2e.project_copy import PROJECT, Project


@pytest.mark.timeout(200)
def test_a_scheduled_run_writes_its_output(project: Project) -> None:
    project.edit_job("triggers", schedule={"rate": "1 minute"})
    synthesise(PROJECT, jobs=project.folder / "jobs", assembly=project.folder / "cdk.out")
    with LocalAws() as aws:
        outputs = deploy(project.folder / "cdk.out", "BatchTransform", aws.client, lambda _event: None)
        s3, stepfunctions = aws.client("s3"), aws.client("stepfunctions")
        s3.upload_file(
            str(project.folder / "build/data/tumours.csv"), outputs[INPUT_BUCKET], "tumours/tumours.csv"
        )
        deadline = time.monotonic() + 120
        executions = []
        while time.monotonic() < deadline:
            executions = stepfunctions.list_executions(
                stateMachineArn=outputs[state_machine_output("tumours")], statusFilter="SUCCEEDED"
            )["executions"]
            if executions:
                break
            time.sleep(0.5)
        assert executions, "no scheduled run succeeded within two minutes"
        written = [
            entry["Key"]
            for entry in s3.list_objects_v2(Bucket=outputs[OUTPUT_BUCKET], Prefix="tumours/")["Contents"]
        ]
        assert written
        assert all(key.endswith("/tumours.csv.out") for key in written)
