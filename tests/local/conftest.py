from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from batch_transform.local.up import LocalAws
from checks.processes import commands_of
from patience import PATIENCE_SECONDS

MODEL_FOLDER = Path(__file__).parent / "model_folder"
ROLE = "arn:aws:iam::000000000000:role/transform-role"
LOG_GROUP = "/aws/sagemaker/TransformJobs"


def wait_until(is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.05)


class Lab:
    """Helpers for tests of a local AWS, which use only boto3."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws = aws
        self.sagemaker = aws.client("sagemaker")
        self.s3 = aws.client("s3")
        self.states = aws.client("stepfunctions")
        self.logs = aws.client("logs")

    def name(self) -> str:
        return f"t-{uuid.uuid4().hex[:12]}"

    def bucket(self, **objects: bytes) -> str:
        """Make a bucket with these objects below `in/`."""
        bucket = self.name()
        self.s3.create_bucket(Bucket=bucket)
        for key, body in objects.items():
            self.s3.put_object(Bucket=bucket, Key=f"in/{key}", Body=body)
        return bucket

    def model(self, behaviour: str = "count", image: str = f"file://{MODEL_FOLDER}", **container: Any) -> str:
        name = self.name()
        environment = {"BEHAVIOUR": behaviour, **container.pop("Environment", {})}
        self.sagemaker.create_model(
            ModelName=name,
            PrimaryContainer={"Image": image, "Environment": environment, **container},
            ExecutionRoleArn=ROLE,
        )
        return name

    def pipeline(self, *environments: dict[str, str]) -> str:
        """Make a model with a container for each environment."""
        name = self.name()
        image = f"file://{MODEL_FOLDER}"
        self.sagemaker.create_model(
            ModelName=name,
            Containers=[{"Image": image, "Environment": environment} for environment in environments],
            ExecutionRoleArn=ROLE,
        )
        return name

    def request(self, model: str, bucket: str, **members: Any) -> dict[str, Any]:
        """A request that scores `in/` of the bucket line by line and joins the answer."""
        return {
            "TransformJobName": self.name(),
            "ModelName": model,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}},
                "ContentType": "text/csv",
                "SplitType": "Line",
            },
            "TransformOutput": {
                "S3OutputPath": f"s3://{bucket}/out",
                "Accept": "text/csv",
                "AssembleWith": "Line",
            },
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
            **members,
        }

    def start(self, request: dict[str, Any]) -> str:
        self.sagemaker.create_transform_job(**request)
        return str(request["TransformJobName"])

    def describe(self, name: str) -> dict[str, Any]:
        described: dict[str, Any] = self.sagemaker.describe_transform_job(TransformJobName=name)
        return described

    def wait(self, name: str) -> dict[str, Any]:
        """Wait for the job to end, and return its description."""
        wait_until(lambda: self.describe(name)["TransformJobStatus"] not in ("InProgress", "Stopping"))
        return self.describe(name)

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        return self.wait(self.start(request))

    def keys(self, bucket: str, prefix: str = "out/") -> list[str]:
        return [
            found["Key"]
            for found in self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        ]

    def body(self, bucket: str, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def open_uploads(self, bucket: str) -> list[Any]:
        return list(self.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []))

    def log_lines(self, job: str, ending: str = "") -> list[str]:
        """Return the lines of the job's streams whose name has this ending; with "", of the container's stream."""
        streams = self.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job}/")[
            "logStreams"
        ]
        names = [stream["logStreamName"] for stream in streams]
        wanted = [
            name
            for name in names
            if (name.endswith(ending) if ending else name.count("/") == 1 and "progress" not in name)
        ]
        return [
            event["message"]
            for name in wanted
            for event in self.logs.get_log_events(
                logGroupName=LOG_GROUP, logStreamName=name, startFromHead=True
            )["events"]
        ]

    def refusal(self, call: Callable[[], object]) -> tuple[str, str]:
        """Return the code and the message of the error that the call raises."""
        with pytest.raises(ClientError) as refused:
            call()
        return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]

    def machine(self, states: dict[str, Any], start_at: str | None = None) -> str:
        definition = {"StartAt": start_at or next(iter(states)), "States": states}
        arn: str = self.states.create_state_machine(
            name=self.name(),
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::000000000000:role/states",
        )["stateMachineArn"]
        return arn

    def execute(self, machine: str) -> str:
        arn: str = self.states.start_execution(stateMachineArn=machine, name=self.name())["executionArn"]
        return arn

    def execution(self, arn: str) -> dict[str, Any]:
        """Wait for the execution to end, and return it."""
        wait_until(lambda: self.states.describe_execution(executionArn=arn)["status"] != "RUNNING")
        described: dict[str, Any] = self.states.describe_execution(executionArn=arn)
        return described


LIMITS = {
    "ServiceQuotas": {"ml.c5.xlarge for transform job usage": 1, "ml.c5.2xlarge for transform job usage": 0},
    "InsufficientInstanceCapacity": ["ml.m4.xlarge"],
}


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Start a local AWS for all tests of this worker."""
    quotas = tmp_path_factory.mktemp("local-aws") / "quotas.json"
    quotas.write_text(json.dumps(LIMITS))
    with LocalAws(quotas=quotas, wait_scale=0.02, schedule_scale=0.05) as running:
        yield running


@pytest.fixture(scope="session")
def lab(aws: LocalAws) -> Lab:
    return Lab(aws)


@pytest.fixture(scope="session")
def make_lab() -> type[Lab]:
    """Return the helpers' class, for tests that need their own local AWS."""
    return Lab


@pytest.fixture(scope="session")
def model_folder() -> Path:
    """Return a folder with an executable `serve`, which documents what it does."""
    return MODEL_FOLDER


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    return wait_until


@pytest.fixture(scope="session")
def processes() -> Callable[[str], list[str]]:
    """Return a function that lists the command lines of running processes with a given mark in their arguments."""
    return commands_of
