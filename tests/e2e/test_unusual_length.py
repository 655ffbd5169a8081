"""A run that takes much longer than earlier runs of its job raises an alarm, without a limit in the job file."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml

from batch_transform.job.values.stack_outputs import INPUT_BUCKET, NOTIFICATION_TOPIC, state_machine_output
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from checks.synthesis import synthesise_here
from e2e.project_copy import PROJECT
from e2e.sleeper import SLEEPER, write_sleeper
from e2e.subscriber import Subscriber
from patience import PATIENCE_SECONDS

PERIOD_SECONDS = 2.0
"""The length of an hour here: the alarm looks at the longest run of each hour."""


@pytest.mark.timeout(900)
def test_a_run_much_longer_than_those_before_raises_an_alarm(tmp_path: Path) -> None:
    write_sleeper(tmp_path)
    (tmp_path / "jobs").mkdir()
    job = {
        "name": "sleeper",
        "model": SLEEPER,
        "input": {"content_type": "text/csv", "split_type": "Line"},
    }
    (tmp_path / "jobs/sleeper.yaml").write_text(yaml.safe_dump(job))
    synthesise_here(PROJECT, jobs=tmp_path / "jobs", assembly=tmp_path / "cdk.out")
    with LocalAws(enforce_iam=True, wait_scale=0.002, alarm_scale=PERIOD_SECONDS / 3600) as aws:
        outputs = deploy(tmp_path / "cdk.out", "BatchTransform", aws.client, lambda _event: None)
        subscriber = Subscriber.of(aws, outputs[NOTIFICATION_TOPIC])
        usual = []
        for sleep in (1, 2, 1, 2, 1):
            began = time.monotonic()
            _run(aws, outputs, sleep=sleep)
            usual.append(time.monotonic() - began)
            time.sleep(PERIOD_SECONDS)  # the next run falls into a period of its own
        _wait_for_state(aws, "OK")
        _run(aws, outputs, sleep=max(30, round(3 * max(usual))))  # on a busy machine, usual runs take longer
        _wait_for_state(aws, "ALARM")
        message = subscriber.message(
            lambda one: one["Subject"].startswith("ALARM:") and "TookLonger" in one["Message"]
        )
        described = json.loads(message["Message"])["AlarmDescription"]
        assert "A run took longer than runs of this job usually do." in described


def _wait_for_state(aws: LocalAws, state: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        [found] = [one["StateValue"] for one in alarms if "TookLonger" in one["AlarmName"]]
        if found == state:
            return
        assert time.monotonic() < deadline, f"the alarm is {found}"
        time.sleep(0.2)


def _run(aws: LocalAws, outputs: dict[str, str], *, sleep: int) -> None:
    """Run the job to its end, with a model that sleeps this long."""
    folder = f"sleeper/{time.monotonic_ns()}"
    bucket, states = outputs[INPUT_BUCKET], aws.client("stepfunctions")
    aws.client("s3").put_object(Bucket=bucket, Key=f"{folder}/a.csv", Body=f"{sleep}\n".encode())
    execution = states.start_execution(
        stateMachineArn=outputs[state_machine_output("sleeper")],
        input=json.dumps({"input": {"data": f"s3://{bucket}/{folder}/"}}),
    )["executionArn"]
    deadline = time.monotonic() + sleep + PATIENCE_SECONDS
    while (status := states.describe_execution(executionArn=execution)["status"]) == "RUNNING":
        assert time.monotonic() < deadline, "the run did not end"
        time.sleep(0.2)
    assert status == "SUCCEEDED"
