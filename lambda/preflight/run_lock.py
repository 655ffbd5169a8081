"""The lock of a job, and the place of the one run that waits for it: S3 objects with the ARN of an execution.

Such an object is written only if it doesn't exist (`If-None-Match: *`), so that only one of several executions that
start at the same time gets it. It has no lease: it is stale if its execution is no longer running, as Step Functions
reports. A stale object is replaced only if it hasn't changed since it was read (`If-Match`), so again only one gets it.

A run that finds another one waiting leaves the lock alone even if it is free: the run that waits comes first.
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

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str = ...) -> Any:
        """As boto3 has it."""


class StepFunctionsClient(Protocol):
    """The part of boto3's Step Functions client that is used here."""

    def describe_execution(self, *, executionArn: str) -> Any:
        """As boto3 has it."""


@dataclass(frozen=True)
class HeldLock:
    """A lock that a run can't take now. `variable` is what `RunLock.take` returns.

    With `begins_to_wait`, the run may wait, and hasn't taken the place of the run that waits yet.
    """

    variable: dict[str, Any]
    begins_to_wait: bool = False


@dataclass(frozen=True)
class RunLock:
    """The lock at `place`, the Bucket and Key of its object.

    `waiting_place` is that of the run that waits for it; None for a job whose runs don't wait.
    """

    place: Mapping[str, str]
    s3: S3Client
    stepfunctions: StepFunctionsClient
    waiting_place: Mapping[str, str] | None = None

    def look(self, execution: str) -> HeldLock | None:
        """Return the lock if the execution can't have it now, and None if it may take it. Nothing is written."""
        lock = _HeldObject(self.place, self.s3, self.stepfunctions)
        running = lock.look()
        if running and running.holder == execution:
            return None
        first = None
        if self.waiting_place is not None:
            waiting = _HeldObject(self.waiting_place, self.s3, self.stepfunctions)
            first = waiting.look()
            if first and first.holder != execution and waiting.is_held(first):
                return HeldLock(_variable(execution, running, waits=first.holder))
        if running is None or not lock.is_held(running):
            return None
        is_first = first is not None and first.holder == execution
        return HeldLock(_variable(execution, running), self.waiting_place is not None and not is_first)

    def wait(self, execution: str, held: HeldLock) -> dict[str, Any]:
        """Take the place of the run that waits, even if the lock has been released since `look`.

        Returns what `take` does. The execution never has the lock, since it takes that only after all checks.
        """
        assert self.waiting_place is not None  # noqa: S101  # `look` says so
        place = _HeldObject(self.waiting_place, self.s3, self.stepfunctions).take(execution)
        waits = place.holder if place.is_known and place.holder != execution else ""
        return {**held.variable, "WaitingExecutionArn": waits}

    def take(self, execution: str) -> dict[str, Any]:
        """Take the lock for an execution, or the place of the run that waits for it.

        Returns the variable `lock` of the state machine. If both `RunningExecutionArn` and `WaitingExecutionArn` are
        empty, the execution has the lock. If only the second is, it waits for the first. If `WaitingExecutionArn` is an
        execution, that one waits already, and the first may be empty because it has just ended. `Object` is the
        argument of DeleteObject that releases the lock: in a versioned bucket with its version, so that no delete
        marker stays and no other lock is deleted. Taking it twice is harmless: Lambda may call a function twice.

        Raises RunLockError if an object exists but can't be read, for example because the role can't use its key.
        """
        lock = _HeldObject(self.place, self.s3, self.stepfunctions)
        if self.waiting_place is None:
            return _variable(execution, lock.take(execution))
        waiting = _HeldObject(self.waiting_place, self.s3, self.stepfunctions)
        first = waiting.look()
        if first and first.holder != execution and waiting.is_held(first):
            running = lock.look()
            if running and running.holder == execution:
                return _variable(execution, running)
            return _variable(execution, running, waits=first.holder)
        taken = lock.take(execution)
        if taken.holder == execution:
            if first:  # its own place, or one that a stopped run left
                self.s3.delete_object(**first.delete)
            return _variable(execution, taken)
        place = waiting.take(execution)
        waits = place.holder if place.is_known and place.holder != execution else ""
        return _variable(execution, taken, waits=waits)


@dataclass(frozen=True)
class _Held:
    """An object that was read or written. `delete` is the argument of DeleteObject that deletes this version of it.

    `etag` and `modified` are known if it was read. `holder` isn't an execution if the object keeps changing.
    """

    holder: str
    delete: Mapping[str, str]
    etag: str = ""
    modified: datetime | None = None
    is_known: bool = True


def _variable(execution: str, lock: _Held | None, *, waits: str = "") -> dict[str, Any]:
    is_ours = lock is not None and lock.holder == execution
    return {
        "RunningExecutionArn": "" if is_ours or lock is None else lock.holder,
        "WaitingExecutionArn": waits,
        "Object": dict(lock.delete) if is_ours and lock else {},
    }


@dataclass(frozen=True)
class _HeldObject:
    """An object that at most one execution in progress holds."""

    place: Mapping[str, str]
    s3: S3Client
    stepfunctions: StepFunctionsClient

    def take(self, execution: str) -> _Held:
        """Take the object for an execution, unless another one in progress holds it, and return who holds it then."""
        denied: list[ClientError] = []
        for _ in range(_TRIES):
            if written := self._write(execution, IfNoneMatch="*"):
                return written
            found = self.look(denied)
            if found is None:
                continue  # released in the meantime, or not readable
            if found.holder == execution or self.is_held(found):
                return found
            if written := self._write(execution, IfMatch=found.etag):
                if "VersionId" in found.delete:
                    self.s3.delete_object(**found.delete)  # or it would reappear after ours
                return written
        if len(denied) == _TRIES:
            raise RunLockError(
                f"the lock s3://{self._address} exists but cannot be read ({denied[-1]}); a stopped run may have left "
                "it, encrypted with a key that the role can no longer use: if no run of the job is in progress, delete "
                "the object"
            ) from denied[-1]
        # Other runs keep taking and releasing it: treat it as held by a run in progress.
        return _Held(f"unknown: the lock s3://{self._address} keeps changing", {}, is_known=False)

    def look(self, denied: list[ClientError] | None = None) -> _Held | None:
        """Return the object, or None if it doesn't exist or can't be read; the reason is added to `denied`."""
        try:
            found = self.s3.get_object(**self.place)
        except ClientError as error:
            if _code(error) not in _GONE:
                raise
            if denied is not None:
                denied.append(error)
            return None
        with found["Body"] as body:
            holder = json.loads(body.read())["ExecutionArn"]
        return _Held(holder, self._delete(found), found["ETag"], found["LastModified"])

    def is_held(self, found: _Held) -> bool:
        """Whether the execution that holds the object is still running."""
        try:
            status = self.stepfunctions.describe_execution(executionArn=found.holder)["status"]
        except ClientError as error:
            if _code(error) == "ExecutionDoesNotExist":
                return found.modified is None or datetime.now(UTC) - found.modified < _LONG_AGO
            raise
        return bool(status == "RUNNING")

    def _write(self, execution: str, **condition: str) -> _Held | None:
        body = json.dumps({"ExecutionArn": execution}).encode()
        try:
            answer = self.s3.put_object(**self.place, Body=body, ContentType="application/json", **condition)
        except ClientError as error:
            if _code(error) in {*_TAKEN, "NoSuchKey"}:
                return None
            raise
        return _Held(execution, self._delete(answer))

    def _delete(self, answer: Mapping[str, Any]) -> dict[str, str]:
        version = {"VersionId": answer["VersionId"]} if answer.get("VersionId") else {}
        return {**self.place, **version}

    @property
    def _address(self) -> str:
        return f"{self.place['Bucket']}/{self.place['Key']}"


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
