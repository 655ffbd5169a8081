"""Where the cases run: a SageMaker endpoint, a bucket, a container image and a role."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.job.values.fields import MEMBERS
from batch_transform.parity.case import Case

LOG_GROUP = "/aws/sagemaker/TransformJobs"
NESTED = {
    member.path[-1]: member.path[:-1]
    for member in MEMBERS
    if member.path[0] in ("TransformInput", "TransformOutput", "DataProcessing")
}
"""The parents of the members that a case names without them."""


@dataclass(frozen=True)
class Clients:
    """boto3 clients of one account and region. `sagemaker_once` makes each call once, without retries."""

    sagemaker: Any
    sagemaker_once: Any
    s3: Any
    logs: Any


@dataclass(frozen=True)
class Endpoint:
    """Everything that the cases need.

    `poll` is the interval between two checks of a job's status, and `log_wait` the maximum wait for its log, in
    seconds. `run` is part of every name, so that runs don't collide.
    """

    clients: Clients
    bucket: str
    model: str
    run: str
    instance_type: str = "ml.m5.large"
    poll: float = 0.05
    log_wait: float = 5.0

    def prefix(self, case: Case) -> str:
        """Return the prefix of the case's objects in the bucket."""
        return f"parity/{self.run}/{case.id}"

    def job_name(self, case: Case) -> str:
        return f"parity-{self.run}-{case.id}"[:63].rstrip("-")

    def request(self, case: Case) -> dict[str, Any]:
        """Return the case's CreateTransformJob request."""
        prefix = self.prefix(case)
        request: dict[str, Any] = {
            "TransformJobName": self.job_name(case),
            "ModelName": self.model,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "in/"}},
            },
            "TransformOutput": {"S3OutputPath": f"s3://{self.bucket}/{prefix}/out"},
            "TransformResources": {"InstanceType": self.instance_type, "InstanceCount": 1},
            "Environment": {"PARITY_MODEL": _compact(case.model), "PARITY_CASE": self.job_name(case)},
        }
        for member, value in case.settings.items():
            parent = request
            for name in NESTED.get(member, ()):
                parent = parent.setdefault(name, {})
            parent[member] = self.filled(value, case)
        source = request["TransformInput"]["DataSource"]["S3DataSource"]
        source["S3Uri"] = f"s3://{self.bucket}/{prefix}/{source['S3Uri']}"
        return request

    def filled(self, value: Any, case: Case) -> Any:  # noqa: ANN401  # any JSON
        """Return the value with the placeholders replaced by the case's own names."""
        if isinstance(value, str):
            for word, own in (
                ("<bucket>", self.bucket),
                ("<prefix>", self.prefix(case)),
                ("<job>", self.job_name(case)),
            ):
                value = value.replace(word, own)
            return value
        if isinstance(value, Mapping):
            return {name: self.filled(item, case) for name, item in value.items()}
        return value


@contextmanager
def endpoint_with_model(
    clients: Clients,
    *,
    image: str,
    role: str,
    bucket: str,
    **settings: Any,  # noqa: ANN401  # Endpoint's own
) -> Iterator[Endpoint]:
    """Create the model for the cases, and delete it afterwards. The results stay in the bucket, below `parity/`."""
    run = f"{int(time.time()):x}{secrets.token_hex(2)}"
    model = f"parity-{run}"
    clients.sagemaker.create_model(ModelName=model, PrimaryContainer={"Image": image}, ExecutionRoleArn=role)
    try:
        yield Endpoint(clients, bucket, model, run, **settings)
    finally:
        clients.sagemaker.delete_model(ModelName=model)


def objects_below(s3: Any, bucket: str, prefix: str) -> dict[str, bytes]:  # noqa: ANN401  # a boto3 client
    """Return the objects below the prefix, by the remainder of their key."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return {key.removeprefix(prefix): s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def data_log(
    logs: Any,  # noqa: ANN401  # a boto3 client
    job: str,
    *,
    is_enough: Callable[[list[str]], bool],
    wait: float,
) -> list[str]:
    """Return the lines of the job's data log without their time, when `is_enough` or after `wait` seconds."""
    deadline = time.monotonic() + wait
    while True:
        lines = _data_log(logs, job)
        if is_enough(lines) or time.monotonic() >= deadline:
            return lines
        time.sleep(min(1.0, wait / 10))


def _data_log(logs: Any, job: str) -> list[str]:  # noqa: ANN401  # a boto3 client
    try:
        streams = logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job}/")
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []  # the account's first job has not written a log yet
        raise
    events = [
        event["message"]
        for stream in streams["logStreams"]
        if stream["logStreamName"].endswith("/data-log")
        for event in logs.get_log_events(
            logGroupName=LOG_GROUP, logStreamName=stream["logStreamName"], startFromHead=True
        )["events"]
    ]
    return [message.partition("[sagemaker logs]: ")[2] or message for message in events]


def _compact(model: Mapping[str, Any]) -> str:
    return json.dumps(model, separators=(",", ":"))
