"""Runs in progress while their stack is updated from the last release: new functions serve their old definition."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from backports import tarfile  # with filters in Python 3.11.2, too

from batch_transform.job.record.names import RUN_FILE
from batch_transform.job.values.run import run_id
from batch_transform.job.values.stack_outputs import (
    FIRST_STACK,
    INPUT_BUCKET,
    OUTPUT_BUCKET,
)
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from checks.synthesis import synthesise_here
from e2e.project_copy import PROJECT
from e2e.workflow_stack import Deployed
from patience import PATIENCE_SECONDS
from recorded.record import assembly_of, releases

JOB = "tumours"


class Upgraded(Deployed):
    """A stack of the last release, and the assembly to update it with."""

    def machine(self, job: str) -> str:
        [found] = [value for value in self.outputs.values() if ":stateMachine:" in value]
        return found

    def record(self, execution: str) -> dict[str, Any]:
        """Wait for the record of a run, and return it."""
        key = f"{JOB}/{run_id(execution, self.describe(execution)['startDate'])}/{RUN_FILE}"
        s3, deadline = self.client("s3"), time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                body = s3.get_object(Bucket=self.outputs[OUTPUT_BUCKET], Key=key)["Body"].read()
            except s3.exceptions.NoSuchKey:
                assert time.monotonic() < deadline, "no record"
                time.sleep(0.2)
                continue
            found: dict[str, Any] = json.loads(body)
            return found


@pytest.fixture
def stack(tmp_path: Path, example_model: Path) -> Iterator[Upgraded]:
    before = assembly_of(releases()[-1], tmp_path / "before")
    # the same model: one of another name replaces it, and a run in progress couldn't use the old one any more
    [model] = before.glob("asset.*.tar.gz")
    with tarfile.open(model) as archive:
        archive.extractall(tmp_path / "build/tumours", filter="data")
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/tumours.yaml").write_text((PROJECT / "jobs/tumours.yaml").read_text())
    synthesise_here(PROJECT, jobs=tmp_path / "jobs", assembly=tmp_path / "cdk.out")
    limits = tmp_path / "limits.json"
    limits.write_text(json.dumps({"InsufficientInstanceCapacity": ["ml.m5.large"]}))
    with LocalAws(quotas=limits, enforce_iam=True, wait_scale=0.3, schedules=False) as aws:
        outputs = deploy(before, FIRST_STACK, aws.client, lambda _event: None)
        data = (example_model / "data/tumours.csv").read_bytes()
        aws.client("s3").put_object(Bucket=outputs[INPUT_BUCKET], Key=f"{JOB}/tumours.csv", Body=data)
        yield Upgraded(aws, outputs, limits)


def test_a_run_continues_with_the_functions_and_roles_of_a_new_release(
    stack: Upgraded, tmp_path: Path
) -> None:
    without_capacity = stack.start(JOB, {})
    stack.until_in(without_capacity, "WaitForCapacity")
    forbidden = stack.start(JOB, {"transform.instance_type": "ml.m5.2xlarge"})
    stopped = stack.start(JOB, {})
    for execution in (forbidden, stopped):
        stack.until_in(execution, "WaitForOtherRun")

    deploy(tmp_path / "cdk.out", FIRST_STACK, stack.aws.client, lambda _event: None)
    stack.stop(stopped)
    stack.limit()
    ended = stack.wait(without_capacity)
    assert ended["status"] == "SUCCEEDED", ended["cause"]
    output = json.loads(ended["output"])
    assert (output["Outcome"], output["InputObjects"], output["OutputObjects"]) == ("Completed", 1, 1)

    # The new release lets a run use the declared instance types alone.
    ended = stack.wait(forbidden)
    assert ended["status"] == "FAILED"
    assert "not authorized to perform: sagemaker:CreateTransformJob" in ended["cause"]
    assert "which policy denies this" in ended["cause"]
    record = stack.record(stopped)
    assert (record["Outcome"], record["Objects"]["Total"]) == ("Aborted", None)
