"""The lock of a job: an S3 object that names the one execution that may run.

S3 writes it only where none is (`If-None-Match: *`), so that of executions that start at the same moment
one gets it. There is no lease to expire: a lock is stale once its execution no longer runs, which Step
Functions knows. A stale lock is replaced only if it is still the one that was looked at (`If-Match`), so that
one of several gets that, too.
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
_GONE = {"NoSuchKey", "404", "403", "AccessDenied"}  # without s3:ListBucket a missing key is a denied one

# DescribeExecution is eventually consistent (API reference): one that it does not know may have just begun.
_LONG_AGO = timedelta(minutes=5)


class S3Client(Protocol):
    """What the lock needs of boto3's S3 client."""

    def put_object(self, *, Body: bytes, **request: Any) -> Any:
        """As boto3 has it."""

    def get_object(self, *, Bucket: str, Key: str) -> Any:
        """As boto3 has it."""

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str) -> Any:
        """As boto3 has it."""


class StepFunctionsClient(Protocol):
    """What the lock needs of boto3's Step Functions client."""

    def describe_execution(self, *, executionArn: str) -> Any:
        """As boto3 has it."""


@dataclass(frozen=True)
class RunLock:
    """The lock at `place`, the Bucket and the Key of its object."""

    place: Mapping[str, str]
    s3: S3Client
    stepfunctions: StepFunctionsClient

    def take(self, execution: str) -> dict[str, Any]:
        """Take the lock for an execution, and return what the workflow needs to know of it.

        `RunningExecutionArn` is empty when the lock is taken, otherwise the execution that has it. `Object` is
        what DeleteObject takes to release it: in a versioned bucket this very version, so that no delete
        marker stays and no other's lock can go. Taking it twice is fine: Lambda may call a function twice.

        Raises RunLockError for a lock that stays and cannot be read, as one under a key that the role has lost.
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
                denied.append(error)  # released since, or not ours to read
                continue
            with found["Body"] as body:
                holder = json.loads(body.read())["ExecutionArn"]
            if holder == execution:
                return self._taken(found)
            if self._runs(holder, found["LastModified"]):
                return {"RunningExecutionArn": holder, "Object": {}}
            if written := self._write(execution, IfMatch=found["ETag"]):
                if version := found.get("VersionId"):
                    self.s3.delete_object(**self.place, VersionId=version)  # or it is back after ours
                return self._taken(written)
        if len(denied) == _TRIES:
            raise RunLockError(
                f"the lock s3://{self._address} is there and cannot be read ({denied[-1]}); a stopped run may have "
                "left it, under a key that the role has no right on any more: when no run of the job goes on, delete "
                "the object"
            ) from denied[-1]
        # Others come and go faster than we look: as good as one that runs.
        return {"RunningExecutionArn": f"unknown; the lock s3://{self._address} changes hands", "Object": {}}

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
