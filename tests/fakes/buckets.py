"""S3 in memory, as boto3's client has it: also the engine's object store, so that both use the same objects."""

# ruff: noqa: N803  # AWS's names
from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from batch_transform.engine.interfaces import InputObject
from batch_transform.job.errors import DataNotFoundError

SMALLEST_PART = 5 * 1024 * 1024


class FakeBuckets:
    """`objects` maps bucket and key to bytes. `puts` are the keys of all objects that boto3's calls wrote, in order.

    `arrived` has the time of each object that wasn't there from the beginning.
    """

    def __init__(self, objects: Mapping[tuple[str, str], bytes]) -> None:
        self.objects = dict(objects)
        self.uploads: dict[str, list[bytes]] = {}
        self.puts: list[str] = []
        self.arrived: dict[tuple[str, str], datetime] = {}
        self.encryption: set[str | None] = set()
        self.undeletable: set[str] = set()
        self._lock = threading.Lock()

    # boto3's client

    def get_object(self, *, Bucket: str, Key: str, Range: str = "bytes=0-") -> dict[str, Any]:
        if (Bucket, Key) not in self.objects:
            # As S3 does without an unconditional s3:ListBucket.
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": Key}}, "GetObject")
        first, _, last = Range.removeprefix("bytes=").partition("-")
        found = self.objects[Bucket, Key]
        if len(found) <= int(first) and (first, last) != ("0", ""):
            raise ClientError({"Error": {"Code": "InvalidRange", "Message": Key}}, "GetObject")
        return {"Body": io.BytesIO(found[int(first) : int(last) + 1 if last else None])}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **given: str) -> dict[str, Any]:
        with self._lock:
            self.objects[Bucket, Key] = Body
            self.puts.append(Key)
            self.encryption.add(given.get("SSEKMSKeyId"))
        return {"ETag": "etag"}

    def create_multipart_upload(self, *, Bucket: str, Key: str, **given: str) -> dict[str, Any]:
        self.encryption.add(given.get("SSEKMSKeyId"))
        with self._lock:
            upload = f"{Bucket}/{Key}/{len(self.uploads)}"
            self.uploads[upload] = []
        return {"UploadId": upload}

    def upload_part(self, *, UploadId: str, PartNumber: int, Body: bytes, **_: str) -> dict[str, Any]:
        parts = self.uploads[UploadId]
        assert PartNumber == len(parts) + 1
        parts.append(Body)
        return {"ETag": str(PartNumber)}

    def upload_part_copy(  # AWS's arguments
        self,
        *,
        UploadId: str,
        PartNumber: int,
        CopySource: dict[str, str],
        CopySourceRange: str,
        **of_object: str,
    ) -> dict[str, Any]:
        start, end = map(int, CopySourceRange.removeprefix("bytes=").split("-"))
        body = self.objects[CopySource["Bucket"], CopySource["Key"]][start : end + 1]
        answer = self.upload_part(UploadId=UploadId, PartNumber=PartNumber, Body=body, **of_object)
        return {"CopyPartResult": answer}

    def complete_multipart_upload(
        self,
        *,
        Bucket: str,
        Key: str,
        UploadId: str,
        MultipartUpload: dict[str, Any],
    ) -> dict[str, Any]:
        parts = self.uploads.pop(UploadId)
        assert len(MultipartUpload["Parts"]) == len(parts) <= 10_000
        assert all(len(part) >= SMALLEST_PART for part in parts[:-1]), "S3 refuses: EntityTooSmall"
        return self.put_object(Bucket=Bucket, Key=Key, Body=b"".join(parts))

    def abort_multipart_upload(self, *, UploadId: str, **_: str) -> None:
        del self.uploads[UploadId]

    def delete_objects(self, *, Bucket: str, Delete: Mapping[str, Any]) -> dict[str, Any]:
        assert 0 < len(Delete["Objects"]) <= 1000
        assert Delete["Quiet"]
        kept = [one for one in Delete["Objects"] if one["Key"] in self.undeletable]
        for one in Delete["Objects"]:
            assert one["VersionId"] == "null"
            if one not in kept:
                del self.objects[Bucket, one["Key"]]
        return {"Errors": [{**one, "Code": "AccessDenied", "Message": "no"} for one in kept]} if kept else {}

    def list_objects_v2(self, *, Bucket: str, Prefix: str, MaxKeys: int) -> dict[str, Any]:
        found = list(self.list_objects(Bucket, Prefix))[:MaxKeys]
        return {
            "Contents": [
                {
                    "Key": one.key,
                    "Size": one.size,
                    "LastModified": self.arrived.get((Bucket, one.key), datetime(2026, 1, 1, tzinfo=UTC)),
                }
                for one in found
            ]
        }

    def get_paginator(self, operation_name: str, /) -> _Pages:
        return _Pages(self, operation_name)

    # the engine's object store

    def list_objects(self, bucket: str, prefix: str) -> Iterator[InputObject]:
        for name, key in sorted(self.objects):
            if name == bucket and key.startswith(prefix):
                yield InputObject(bucket, key, len(self.objects[name, key]))

    def open(self, bucket: str, key: str) -> BinaryIO:
        if (bucket, key) not in self.objects:
            raise DataNotFoundError(f"there is no s3://{bucket}/{key}")
        return io.BytesIO(self.objects[bucket, key])

    def create(self, bucket: str, key: str) -> _Writer:
        return _Writer(self, (bucket, key))


class _Pages:
    def __init__(self, buckets: FakeBuckets, operation: str) -> None:
        self._buckets = buckets
        self._operation = operation

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        found = list(self._buckets.list_objects(Bucket, Prefix))
        for start in range(0, len(found), 1000) or [0]:
            page = found[start : start + 1000]
            if self._operation == "list_objects_v2":
                yield {"Contents": [{"Key": one.key, "Size": one.size} for one in page]}
            else:
                assert self._operation == "list_object_versions"
                yield {"Versions": [{"Key": one.key, "VersionId": "null"} for one in page]}


class _Writer:
    def __init__(self, buckets: FakeBuckets, place: tuple[str, str]) -> None:
        self._buckets = buckets
        self._place = place
        self._data: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._data.append(data)

    def commit(self) -> None:
        self._buckets.objects[self._place] = b"".join(self._data)

    def abort(self) -> None:
        self._data.clear()
