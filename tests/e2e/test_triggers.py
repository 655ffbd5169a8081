"""Every trigger of a job, on a local AWS with IAM enforced.

Its schedules run a hundred times as fast, and the Scheduler delivers each start twice.
"""

from __future__ import annotations

import dataclasses
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from batch_transform.job.files.job_file import load_job_file
from batch_transform.job.values.job_spec import JobSpec, ScheduleSpec, TriggersSpec, UploadSpec
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from batch_transform_cdk.batch_transform import BatchTransform
from batch_transform_cdk.data.data_buckets import DataBuckets
from e2e.project_copy import PROJECT
from e2e.result_objects import result_objects
from patience import PATIENCE_SECONDS

pytestmark = pytest.mark.timeout(900)

Seen = TypeVar("Seen")

SCALE = 0.01
# By then the data is uploaded; it takes 27 seconds.
SOON = timedelta(minutes=45)
# Six seconds, plus the rest of the minute: longer than the tests need to upload.
QUIET = 600


@dataclass(frozen=True)
class Stack:
    """The deployed stack; its outputs name a machine and a queue for each job."""

    aws: LocalAws
    outputs: dict[str, str]

    def executions(self, job: str) -> list[dict[str, Any]]:
        """The job's executions, with their input."""
        states = self.aws.client("stepfunctions")
        found = states.list_executions(stateMachineArn=self.outputs[f"Machine{job}"])["executions"]
        described = [states.describe_execution(executionArn=one["executionArn"]) for one in found]
        return [{**one, "input": json.loads(one["input"])} for one in described]

    def upload(self, job: str, *names: str, body: bytes) -> None:
        for name in names:
            self.aws.client("s3").put_object(Bucket=self.outputs["Input"], Key=f"{job}/{name}", Body=body)

    def results(self, execution: dict[str, Any]) -> dict[str, str]:
        """The objects that a run wrote, by name."""
        s3 = self.aws.client("s3")
        bucket, _, prefix = (
            json.loads(execution["output"])["S3OutputPath"].removeprefix("s3://").partition("/")
        )
        return {
            entry["Key"].rpartition("/")[2]: s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"]
            .read()
            .decode()
            for entry in result_objects(s3, bucket, f"{prefix}/")
        }

    def waiting(self, job: str) -> list[Any]:
        """The one-time schedules that uploads made."""
        schedules = self.aws.client("scheduler").list_schedules(NamePrefix=f"Triggers{job}Upload")[
            "Schedules"
        ]
        return list(schedules)

    def letters(self, job: str) -> list[Any]:
        """The bodies in the queue of a job's undelivered starts."""
        received = self.aws.client("sqs").receive_message(
            QueueUrl=self.outputs[f"Queue{job}"], MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def jobs(example: JobSpec) -> dict[str, JobSpec]:
    """The example job, started in several ways."""
    soon = f"{datetime.now(UTC) + SOON:%Y-%m-%dT%H:%M:%SZ}"
    triggers = {
        "scheduled": TriggersSpec(
            schedule=(
                ScheduleSpec(
                    name="ids",
                    rate="30 days",
                    start_date=soon,
                    maximum_window_in_minutes=5,
                    input={"Comment": "ids", "data_processing": {"output_filter": "$[0]"}},
                ),
                ScheduleSpec(name="paused", rate="1 minute", enabled=False, input={"Comment": "paused"}),
            )
        ),
        "uploaded": TriggersSpec(on_upload=UploadSpec(suffix=".csv", quiet_period_in_seconds=QUIET)),
        "lost": TriggersSpec(
            schedule=(ScheduleSpec(rate="30 days", start_date=soon, input={"Comment": "lost"}),)
        ),
        "child": TriggersSpec(),
    }
    return {name: dataclasses.replace(example, name=name, triggers=each) for name, each in triggers.items()}


@pytest.fixture(scope="module")
def data(example_model: Path) -> bytes:
    return b"".join((example_model / "data/tumours.csv").read_bytes().splitlines(keepends=True)[:5])


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, example_model: Path, data: bytes) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("triggers")
    (folder / "build").symlink_to(example_model)
    (folder / "jobs").mkdir()
    (folder / "jobs/tumours.yaml").write_text((PROJECT / "jobs/tumours.yaml").read_text())
    app = cdk.App(outdir=str(folder / "cdk.out"))
    defined = cdk.Stack(app, "Triggers")
    buckets = DataBuckets(defined, "Data")
    cdk.CfnOutput(defined, "Input", value=buckets.input.bucket_name)
    for name, spec in jobs(load_job_file(folder / "jobs/tumours.yaml")).items():
        job = BatchTransform(defined, name, job=spec, buckets=buckets)
        cdk.CfnOutput(defined, f"Machine{name}", value=job.state_machine.state_machine_arn)
        if job.undelivered_starts is not None:
            cdk.CfnOutput(defined, f"Queue{name}", value=job.undelivered_starts.queue.queue_url)
    score = tasks.StepFunctionsStartExecution(
        defined,
        "Score",
        state_machine=job.state_machine,
        associate_with_parent=True,
        integration_pattern=sfn.IntegrationPattern.RUN_JOB,
        input=sfn.TaskInput.from_object({"data_processing.output_filter": "$[0]"}),
    )
    parent = sfn.StateMachine(defined, "Parent", definition_body=sfn.DefinitionBody.from_chainable(score))
    cdk.CfnOutput(defined, "Machineparent", value=parent.state_machine_arn)
    app.synth()
    (folder / "limits.json").write_text('{"DuplicateDelivery": {"scheduler": 0}}')
    with LocalAws(
        quotas=folder / "limits.json", enforce_iam=True, wait_scale=0.002, schedule_scale=SCALE
    ) as aws:
        outputs = deploy(folder / "cdk.out", "Triggers", aws.client, lambda _event: None)
        found = Stack(aws, outputs)
        aws.client("stepfunctions").delete_state_machine(stateMachineArn=outputs["Machinelost"])
        for name in ("scheduled", "child"):
            found.upload(name, "a.csv", body=data)
        yield found


def until(look: Callable[[], Seen], seconds: float = PATIENCE_SECONDS) -> Seen:
    """Return what `look` sees, once that is true."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.2)
    return seen


def ended(stack: Stack, job: str) -> list[dict[str, Any]]:
    return [one for one in stack.executions(job) if one["status"] != "RUNNING"]


def test_several_uploads_start_one_run_once_uploads_have_stopped(stack: Stack, data: bytes) -> None:
    stack.upload("uploaded", "other.txt", body=data)
    stack.upload("uploaded", "folder.csv", body=b"")
    time.sleep(3)
    assert stack.waiting("uploaded") == []
    for number in range(5):
        stack.upload("uploaded", f"{number}.csv", body=data)
        time.sleep(0.2)
    found = until(lambda: stack.waiting("uploaded"))  # read once: the start may come right after
    assert len(found) == 1
    until(lambda: ended(stack, "uploaded"))
    (run,) = stack.executions("uploaded")
    assert run["status"] == "SUCCEEDED", run.get("cause")
    assert re.fullmatch("upload-[0-9a-f]{16}", run["name"])
    assert {f"{number}.csv.out" for number in range(5)} <= stack.results(run).keys()
    assert stack.waiting("uploaded") == []
    assert stack.letters("uploaded") == []


def test_a_schedule_starts_the_job_with_its_own_overrides_and_a_paused_one_does_not(stack: Stack) -> None:
    until(lambda: ended(stack, "scheduled"))
    (run,) = stack.executions("scheduled")
    assert re.fullmatch("schedule-ids-[0-9a-f]{16}", run["name"])
    assert run["input"]["Comment"] == "ids"
    assert run["status"] == "SUCCEEDED", run.get("cause")
    first = stack.results(run)["a.csv.out"].splitlines()[0]
    assert first.startswith("case-")
    assert "," not in first


def test_an_undelivered_start_is_in_the_queue_of_its_job(stack: Stack) -> None:
    until(lambda: len(stack.letters("lost")) == 2)
    first, second = stack.letters("lost")
    assert first == second
    assert json.loads(first["Input"]) == {"Comment": "lost"}
    assert first["StateMachineArn"] == stack.outputs["Machinelost"]
    until(lambda: ended(stack, "scheduled"))
    assert stack.letters("scheduled") == []


def test_another_machine_starts_the_job_and_waits_for_it(stack: Stack) -> None:
    states = stack.aws.client("stepfunctions")
    started = states.start_execution(stateMachineArn=stack.outputs["Machineparent"])
    until(lambda: ended(stack, "parent"))
    described = states.describe_execution(executionArn=started["executionArn"])
    assert described["status"] == "SUCCEEDED", described.get("cause")
    (run,) = stack.executions("child")
    assert run["input"]["AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"] == started["executionArn"]
    output = json.loads(described["output"])
    assert (output["Status"], output["ExecutionArn"]) == ("SUCCEEDED", run["executionArn"])
    assert "," not in stack.results(run)["a.csv.out"].splitlines()[0]
