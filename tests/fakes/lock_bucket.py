"""The keys of a bucket, with S3's conditional writes and its versions, for many threads at once."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError


@dataclass
class Version:
    id: str
    body: bytes
    modified: datetime

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'


class LockBucket:
    """`before_get` and `before_put` are called before the operation, to simulate what others do meanwhile."""

    def __init__(self, *, versioned: bool, key: str = ".locks/churn") -> None:
        self.versioned = versioned
        self.key = key
        self.versions: list[Version] = []  # oldest first
        self.before_get: Callable[[], object] = lambda: None
        self.before_put: Callable[[], object] = lambda: None
        self._count = 0
        self._mutex = threading.RLock()

    def put_object(self, *, Body: bytes, **request: Any) -> dict[str, str]:  # noqa: N803  # AWS's names
        self.before_put()
        with self._mutex:
            current = self.versions[-1] if self.versions else None
            if request.get("IfNoneMatch") == "*" and current is not None:
                raise _refusal("PreconditionFailed")
            if wanted := request.get("IfMatch"):
                if current is None:
                    raise _refusal("NoSuchKey")
                if current.etag != wanted:
                    raise _refusal("PreconditionFailed")
            return self._write(Body)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert (Bucket, Key) == ("out", self.key)
        self.before_get()
        with self._mutex:
            if not self.versions:
                raise _refusal(
                    "AccessDenied"
                )  # without s3:ListBucket S3 doesn't say that the key doesn't exist
            current = self.versions[-1]
            version = {"VersionId": current.id} if self.versioned else {}
            body = io.BytesIO(current.body)
            return {"Body": body, "ETag": current.etag, "LastModified": current.modified, **version}

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> None:  # noqa: N803
        assert (Bucket, Key) == ("out", self.key)
        assert bool(VersionId) == self.versioned
        with self._mutex:
            self.versions = [one for one in self.versions if VersionId and one.id != VersionId]

    def holder(self) -> str | None:
        return json.loads(self.versions[-1].body)["ExecutionArn"] if self.versions else None

    def put(self, execution: str) -> None:
        """Write the lock unconditionally."""
        with self._mutex:
            self._write(json.dumps({"ExecutionArn": execution}).encode())

    def age(self, by: timedelta) -> None:
        """Make every version older."""
        for version in self.versions:
            version.modified -= by

    def _write(self, body: bytes) -> dict[str, str]:
        self._count += 1
        written = Version(f"v{self._count}", body, datetime.now(UTC))
        self.versions = [*(self.versions if self.versioned else []), written]
        return {"ETag": written.etag, **({"VersionId": written.id} if self.versioned else {})}


@dataclass(frozen=True)
class LockBuckets:
    """The two keys of a job whose runs wait, each as a bucket of its own."""

    lock: LockBucket
    waiting: LockBucket

    @classmethod
    def of(cls, *, versioned: bool) -> LockBuckets:
        return cls(
            LockBucket(versioned=versioned), LockBucket(versioned=versioned, key=".locks/churn.waiting")
        )

    def put_object(self, *, Body: bytes, **request: Any) -> dict[str, str]:  # noqa: N803  # AWS's names
        return self._of(request["Key"]).put_object(Body=Body, **request)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return self._of(Key).get_object(Bucket=Bucket, Key=Key)

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> None:  # noqa: N803
        self._of(Key).delete_object(Bucket=Bucket, Key=Key, VersionId=VersionId)

    def _of(self, key: str) -> LockBucket:
        return {one.key: one for one in (self.lock, self.waiting)}[key]


class FakeExecutions:
    """Step Functions, which knows the status of some executions."""

    def __init__(self, statuses: dict[str, str]) -> None:
        self._statuses = statuses

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803  # AWS's names
        if executionArn not in self._statuses:
            raise _refusal("ExecutionDoesNotExist")
        return {"status": self._statuses[executionArn]}


def _refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Any")
