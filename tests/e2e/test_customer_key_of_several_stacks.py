"""Two stacks of jobs, which share buckets and topic, get a customer key while they hold data, and lose it again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from batch_transform.job.errors import DeployError
from batch_transform.job.values.stack_outputs import (
    ENCRYPTION_KEY,
    FIRST_STACK,
    INPUT_BUCKET,
    OUTPUT_BUCKET,
    state_machine_output,
)
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from batch_transform.runs.synth import synthesise
from e2e.project_copy import PROJECT
from least_privilege.model_code import write_model
from patience import PATIENCE_SECONDS

SECOND_STACK = f"{FIRST_STACK}-1"
JOBS = {FIRST_STACK: "leads", SECOND_STACK: "churn"}
OWN_TOPIC = "prices"
# One or two jobs a stack, as `define_stacks` makes them of more jobs than a stack holds.
APP = f"""
import aws_cdk as cdk
from pathlib import Path
from batch_transform.job.files.environment_file import load_environments
from batch_transform.job.files.job_file import load_job_files
from batch_transform_cdk.app.job_stacks import JobStack

app = cdk.App()
environment = load_environments().named("prod")
leads, *others = load_job_files([Path(f"jobs/{{name}}.yaml") for name in ("leads", "churn", "{OWN_TOPIC}")])
first = JobStack(app, "{FIRST_STACK}", jobs=[leads], environment=environment, has_others=True)
JobStack(app, "{SECOND_STACK}", jobs=others, environment=environment, first=first)
app.synth()
"""


class Stacks:
    """The app, and the account that it is deployed to."""

    def __init__(self, folder: Path, aws: LocalAws) -> None:
        self.aws = aws
        self.outputs: dict[str, dict[str, str]] = {}
        self._ear = ""
        self._app = folder / "app"
        (self._app / "jobs").mkdir(parents=True)
        for name in ("cdk.json", "lambda", "constructs_lib", "stacks", "batch_transform"):
            (self._app / name).symlink_to(PROJECT / name)
        (self._app / "app.py").write_text(APP)
        write_model(self._app / "model")
        for name in (*JOBS.values(), OWN_TOPIC):
            job = {
                "name": name,
                "model": {"source": "../model", "image": {"framework": "sklearn", "version": "1.2-1"}},
                "input": {"content_type": "text/csv", "split_type": "Line"},
                "output": {"accept": "text/csv", "assemble_with": "Line"},
            }
            notify = {"notify": {"email": "team@example.com"}} if name == OWN_TOPIC else {}
            (self._app / f"jobs/{name}.yaml").write_text(yaml.safe_dump({**job, **notify}))

    def synthesise(self, assembly: str, *, customer_key: bool) -> str:
        environments = {"environments": {"prod": {"customer_key": customer_key}}}
        (self._app / "environments.yaml").write_text(yaml.safe_dump(environments))
        synthesise(self._app, jobs=Path("jobs"), assembly=self._app / assembly, security_checks=False)
        return assembly

    def deploy(self, assembly: str, *stacks: str) -> None:
        for stack in stacks:
            self.outputs[stack] = deploy(self._app / assembly, stack, self.aws.client, lambda _event: None)

    def upload(self, name: str) -> None:
        for job in JOBS.values():
            self.aws.client("s3").put_object(
                Bucket=self.outputs[FIRST_STACK][INPUT_BUCKET], Key=f"{job}/{name}", Body=b"1,2\n"
            )

    def keys_of_runs(self) -> set[str | None]:
        """Run each job, which must succeed; return the keys of the results."""
        return {key for stack in JOBS for key in self._keys_of_run(stack)}

    def _keys_of_run(self, stack: str) -> set[str | None]:
        s3, bucket = self.aws.client("s3"), self.outputs[FIRST_STACK][OUTPUT_BUCKET]
        described = self._execution(stack, JOBS[stack], "{}")
        assert described["status"] == "SUCCEEDED", described.get("cause")
        prefix = json.loads(described["output"])["S3OutputPath"].partition(f"{bucket}/")[2]
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
        return {s3.head_object(Bucket=bucket, Key=each["Key"]).get("SSEKMSKeyId") for each in listed}

    def listen(self) -> None:
        """Subscribe a queue to each topic."""
        sqs, sns = self.aws.client("sqs"), self.aws.client("sns")
        let_in = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [let_in]})
        created = sqs.create_queue(QueueName="subscriber", Attributes={"Policy": policy})
        self._ear = created["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self._ear, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        for topic in sns.list_topics()["Topics"]:
            sns.subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=arn)

    def notifies_of_failures(self) -> bool:
        """Let a run of each job of the second stack fail, and return whether a notification about each one arrived."""
        refused = json.dumps({"transform.instance_type": "none"})
        jobs = {JOBS[SECOND_STACK], OWN_TOPIC}
        for job in jobs:
            assert self._execution(SECOND_STACK, job, refused)["status"] == "FAILED"
        deadline, heard = time.monotonic() + PATIENCE_SECONDS, set[str]()
        sqs = self.aws.client("sqs")
        while heard != jobs and time.monotonic() < deadline:
            for message in sqs.receive_message(QueueUrl=self._ear, WaitTimeSeconds=1).get("Messages", []):
                subject = json.loads(message["Body"])["Subject"]
                heard |= {job for job in jobs if subject.startswith(f"{job}: run ")}
                sqs.delete_message(QueueUrl=self._ear, ReceiptHandle=message["ReceiptHandle"])
        return heard == jobs

    def _execution(self, stack: str, job: str, overrides: str) -> dict[str, Any]:
        states = self.aws.client("stepfunctions")
        machine = self.outputs[stack][state_machine_output(job)]
        arn = states.start_execution(stateMachineArn=machine, input=overrides)["executionArn"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (described := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the run did not end"
            time.sleep(0.2)
        return dict(described)


@pytest.fixture
def stacks(tmp_path: Path) -> Iterator[Stacks]:
    with LocalAws(schedules=False, wait_scale=0.002, enforce_iam=True) as aws:
        yield Stacks(tmp_path, aws)


@pytest.mark.timeout(900)
def test_stacks_that_share_get_a_key_and_lose_it(stacks: Stacks) -> None:
    without = stacks.synthesise("without", customer_key=False)
    stacks.deploy(without, *JOBS)
    stacks.upload("a.csv")
    stacks.listen()
    assert stacks.keys_of_runs() == {None}
    assert stacks.notifies_of_failures()

    # `cdk deploy --all` takes the first stack first.
    stacks.deploy(stacks.synthesise("with", customer_key=True), *JOBS)
    key = stacks.outputs[FIRST_STACK][ENCRYPTION_KEY]
    assert stacks.keys_of_runs() == {key}
    assert stacks.notifies_of_failures()

    # What another stack imports cannot go: it lets go first, as the documentation says.
    with pytest.raises(DeployError, match=f"cannot be deleted as it is in use by {SECOND_STACK}"):
        stacks.deploy(without, *JOBS)
    assert stacks.keys_of_runs() == {key}
    stacks.deploy(without, *reversed(JOBS))
    assert stacks.keys_of_runs() == {None}
    assert stacks.notifies_of_failures()
