"""Jobs over models that answer at once, deployed to a local AWS whose account may have limits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from batch_transform.job.values.run import run_id
from batch_transform.job.values.stack_outputs import INPUT_BUCKET, OUTPUT_BUCKET, state_machine_output
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from checks.synthesis import synthesise_here
from e2e.project_copy import PROJECT
from patience import PATIENCE_SECONDS

MODEL_FOLDER = PROJECT / "tests/local/model_folder"
ENDED = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
_MODELS_ROLE = "models"


@dataclass(frozen=True, eq=False)
class Deployed:
    """A local AWS with the stack in it, and the file with what AWS refuses or breaks."""

    aws: LocalAws
    outputs: dict[str, str]
    limits: Path

    @cache  # noqa: B019  # a stack lives as long as its tests
    def client(self, service: str) -> Any:
        """A client of the account's root, cached: creating one takes longer than many states."""
        return self.aws.client(service)

    def limit(
        self,
        *,
        quotas: Mapping[str, int] | None = None,
        without_capacity: tuple[str, ...] = (),
        broken: tuple[str, ...] = (),
        throttled: tuple[str, ...] = (),
    ) -> None:
        """Set limits of the account, with quotas by instance type, at once. Without arguments there are none."""
        limits = {
            "ServiceQuotas": {
                f"{name} for transform job usage": quota for name, quota in (quotas or {}).items()
            },
            "InsufficientInstanceCapacity": list(without_capacity),
            "InternalServerError": list(broken),
            "ThrottlingException": list(throttled),
        }
        part = self.limits.with_suffix(".part")
        part.write_text(json.dumps(limits))
        part.replace(self.limits)

    def upload(self, job: str, folder: str, name: str, text: str) -> str:
        """Upload an object below the job's input, and return the S3 URI of its folder."""
        bucket = self.outputs[INPUT_BUCKET]
        self.client("s3").put_object(Bucket=bucket, Key=f"{job}/{folder}/{name}", Body=text.encode())
        return f"s3://{bucket}/{job}/{folder}/"

    def machine(self, job: str) -> str:
        return self.outputs[state_machine_output(job)]

    def start(self, job: str, run_input: object, name: str | None = None) -> str:
        named = {"name": name} if name else {}
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=self.machine(job), input=json.dumps(run_input), **named
        )
        return str(started["executionArn"])

    def describe(self, execution: str) -> dict[str, Any]:
        described: dict[str, Any] = self.client("stepfunctions").describe_execution(executionArn=execution)
        return described

    def wait(self, execution: str) -> dict[str, Any]:
        """Wait for the end of an execution and return its description."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            described = self.describe(execution)
            if described["status"] in ENDED:
                return described
            time.sleep(0.2)
        raise AssertionError(f"{execution} did not end")

    def run(self, job: str, run_input: object) -> dict[str, Any]:
        return self.wait(self.start(job, run_input))

    def replace_model(self, job: str, behaviour: str) -> None:
        """Replace the job's model by one of the same name, as somebody who fixes it does."""
        sagemaker, name = self.client("sagemaker"), f"model-{job}"
        role_arn = sagemaker.describe_model(ModelName=name)["ExecutionRoleArn"]
        sagemaker.delete_model(ModelName=name)
        container = {"Image": f"file://{MODEL_FOLDER}", "Environment": {"BEHAVIOUR": behaviour, "JOB": job}}
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role_arn)

    def stop(self, execution: str) -> None:
        self.client("stepfunctions").stop_execution(executionArn=execution)

    def states(self, execution: str) -> list[str]:
        """The states that the execution has entered, in their order."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        events = (event for page in pages.paginate(executionArn=execution) for event in page["events"])
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in events
            if "stateEnteredEventDetails" in event
        ]

    def until_in(self, execution: str, state: str) -> None:
        """Wait until the execution has entered the state."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while state not in self.states(execution):
            described = self.describe(execution)
            assert described["status"] == "RUNNING", described
            assert time.monotonic() < deadline, f"{execution} did not come to {state}"
            time.sleep(0.05)

    def jobs_of(self, execution: str) -> list[dict[str, Any]]:
        """The transform jobs that the execution created, oldest first."""
        sagemaker = self.client("sagemaker")
        summaries = sagemaker.list_transform_jobs(
            SortBy="CreationTime", SortOrder="Ascending", MaxResults=100
        )
        described = [
            sagemaker.describe_transform_job(TransformJobName=summary["TransformJobName"])
            for summary in summaries["TransformJobSummaries"]
        ]
        tag = {"Key": "AWS_STEP_FUNCTIONS_EXECUTION_ARN", "Value": execution}
        return [
            job for job in described if tag in sagemaker.list_tags(ResourceArn=job["TransformJobArn"])["Tags"]
        ]

    def job_running(self, execution: str) -> str:
        """Wait for a running transform job of the execution, and return its name."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for job in self.jobs_of(execution):
                if job["TransformJobStatus"] == "InProgress":
                    return str(job["TransformJobName"])
            time.sleep(0.05)
        raise AssertionError(f"{execution} has no running transform job")

    def running(self, execution: str) -> list[str]:
        """The names of the run's transform jobs that have not ended, found without describing them."""
        name = run_id(execution, self.describe(execution)["startDate"])
        listed = self.client("sagemaker").list_transform_jobs(NameContains=name, MaxResults=100)
        return [
            job["TransformJobName"]
            for job in listed["TransformJobSummaries"]
            if job["TransformJobStatus"] in {"InProgress", "Stopping"}
        ]

    def locks(self, job: str) -> list[dict[str, Any]]:
        """The versions and delete markers of the job's lock."""
        found = self.client("s3").list_object_versions(
            Bucket=self.outputs[OUTPUT_BUCKET], Prefix=f".locks/{job}"
        )
        return [*found.get("Versions", []), *found.get("DeleteMarkers", [])]


@contextmanager
def deployed_jobs(
    folder: Path,
    jobs: Mapping[str, Mapping[str, Any]],
    *,
    wait_scale: float = 0.002,
    enforce_iam: bool = False,
    environment: Mapping[str, Any] | None = None,
) -> Iterator[Deployed]:
    """Deploy jobs by name, each over a model of its own that behaves as `behaviour` says, with one object to score.

    `environment` are the settings of prod, in an app that is written to the folder.
    """
    (folder / "jobs").mkdir()
    for name, fields in jobs.items():
        given = {key: value for key, value in fields.items() if key != "behaviour"}
        job = {
            "name": name,
            "model": {"existing": f"model-{name}"},
            "input": {"content_type": "text/csv", "split_type": "Line"},
            "output": {"accept": "text/csv", "assemble_with": "Line"},
            **given,
        }
        (folder / f"jobs/{name}.yaml").write_text(yaml.safe_dump(job))
    app = PROJECT if environment is None else _app(folder / "app", environment)
    synthesise_here(app, jobs=folder / "jobs", assembly=folder / "cdk.out")
    limits = folder / "limits.json"
    limits.write_text("{}")
    with LocalAws(quotas=limits, wait_scale=wait_scale, enforce_iam=enforce_iam) as aws:
        role_arn = _role_of_models(aws)
        for name, fields in jobs.items():
            container = {
                "Image": f"file://{MODEL_FOLDER}",
                "Environment": {"BEHAVIOUR": fields.get("behaviour", "echo"), "JOB": name},
            }
            aws.client("sagemaker").create_model(
                ModelName=f"model-{name}",
                PrimaryContainer=container,
                ExecutionRoleArn=role_arn,
            )
        outputs = deploy(folder / "cdk.out", "BatchTransform", aws.client, lambda _event: None)
        found = Deployed(aws, outputs, limits)
        for name in jobs:
            found.upload(name, "data", "a.csv", "id-1,2,3\nid-2,5,6\n")
        yield found


def _app(folder: Path, environment: Mapping[str, Any]) -> Path:
    """Write the app of this repository with another environment."""
    folder.mkdir()
    for name in ("app.py", "cdk.json", "lambda", "constructs_lib", "stacks", "batch_transform"):
        (folder / name).symlink_to(PROJECT / name)
    (folder / "environments.yaml").write_text(yaml.safe_dump({"environments": {"prod": dict(environment)}}))
    return folder


def _role_of_models(aws: LocalAws) -> str:
    """Create the role of the models, which don't belong to the stack and may do everything."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam = aws.client("iam")
    made = iam.create_role(RoleName=_MODELS_ROLE, AssumeRolePolicyDocument=_policy(trust))
    iam.put_role_policy(RoleName=_MODELS_ROLE, PolicyName="all", PolicyDocument=_policy(everything))
    return str(made["Role"]["Arn"])


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
