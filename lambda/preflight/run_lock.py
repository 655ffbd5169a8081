"""The lock of a job: an S3 object with the ARN of the only execution that may run.

It is written only if it doesn't exist (`If-None-Match: *`), so that only one of several executions that start at the
same time gets it. It has no lease: a lock is stale if its execution is no longer running, as Step Functions reports. A
stale lock is replaced only if it hasn't changed since it was read (`If-Match`), so again only one gets it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import ClientError

from batch_transform.job.errors import RunLockError

_TRIES = 5
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_GONE = {
    "NoSuchKey",
    "404",
    "403",
    "AccessDenied",
}  # without s3:ListBucket, S3 denies access to a missing key

# DescribeExecution is eventually consistent (API reference): an execution that it doesn't find may have just started.
_LONG_AGO = timedelta(minutes=5)


class S3Client(Protocol):
    """The part of boto3's S3 client that is used here."""

    def put_object(self, *, Body: bytes, **request: Any) -> Any:
        """As boto3 has it."""

    def get_object(self, *, Bucket: str, Key: str) -> Any:
        """As boto3 has it."""

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str) -> Any:
        """As boto3 has it."""


class StepFunctionsClient(Protocol):
    """The part of boto3's Step Functions client that is used here."""

    def describe_execution(self, *, executionArn: str) -> Any:
        """As boto3 has it."""


@dataclass(frozen=True)
class RunLock:
    """The lock at `place`, the Bucket and Key of its object."""

    place: Mapping[str, str]
    s3: S3Client
    stepfunctions: StepFunctionsClient

    def take(self, execution: str) -> dict[str, Any]:
        """Take the lock for an execution, and return the variable `lock` of the state machine.

        `RunningExecutionArn` is empty if the lock was taken, and otherwise the execution that holds it. `Object` is the
        argument of DeleteObject that releases it: in a versioned bucket with its version, so that no delete marker
        stays and no other lock is deleted. Taking it twice is harmless: Lambda may call a function twice.

        Raises RunLockError if the lock exists but can't be read, for example because the role can't use its key.
        """
        denied: list[ClientError] = []
        for _ in range(_TRIES):
            if written := self._write(execution, IfNoneMatch="*"):
                return self._taken(written)
            try:
                found = self.s3.get_object(**self.place)
            except ClientError as error:
                if _code(error) not in _GONE:
                    raise
                denied.append(error)  # released in the meantime, or not readable
                continue
            with found["Body"] as body:
                holder = json.loads(body.read())["ExecutionArn"]
            if holder == execution:
                return self._taken(found)
            if self._runs(holder, found["LastModified"]):
                return {"RunningExecutionArn": holder, "Object": {}}
            if written := self._write(execution, IfMatch=found["ETag"]):
                if version := found.get("VersionId"):
                    self.s3.delete_object(**self.place, VersionId=version)  # or it would reappear after ours
                return self._taken(written)
        if len(denied) == _TRIES:
            raise RunLockError(
                f"the lock s3://{self._address} exists but cannot be read ({denied[-1]}); a stopped run may have left "
                "it, encrypted with a key that the role can no longer use: if no run of the job is in progress, delete "
                "the object"
            ) from denied[-1]
        # Other runs keep taking and releasing it: treat it as held by a run in progress.
        return {"RunningExecutionArn": f"unknown: the lock s3://{self._address} keeps changing", "Object": {}}

    def _write(self, execution: str, **condition: str) -> Any:
        body = json.dumps({"ExecutionArn": execution}).encode()
        try:
            return self.s3.put_object(**self.place, Body=body, ContentType="application/json", **condition)
        except ClientError as error:
            if _code(error) in {*_TAKEN, "NoSuchKey"}:
                return None
            raise

    def _taken(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        version = {"VersionId": answer["VersionId"]} if answer.get("VersionId") else {}
        return {"RunningExecutionArn": "", "Object": {**self.place, **version}}

    def _runs(self, execution: str, since: datetime) -> bool:
        try:
            status = self.stepfunctions.describe_execution(executionArn=execution)["status"]
        except ClientError as error:
            if _code(error) == "ExecutionDoesNotExist":
                return datetime.now(UTC) - since < _LONG_AGO
            raise
        return bool(status == "RUNNING")

    @property
    def _address(self) -> str:
        return f"{self.place['Bucket']}/{self.place['Key']}"


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
