"""S3 in memory: reads by range and version, conditional writes, uploads in parts, and listings by page."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError


class ObjectStore:
    """`objects` maps (bucket, key) to bytes. `before_get` is called before each read, to change what is read."""

    def __init__(self, objects: dict[tuple[str, str], bytes] | None = None, *, page_size: int = 3) -> None:
        self.objects = objects or {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.gets = 0
        self.largest_read = 0
        self._page_size = page_size

    def put(self, uri: str, body: bytes) -> None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.objects[bucket, key] = body

    def get_object(
        self,
        *,
        Bucket: str,  # noqa: N803  # AWS's names
        Key: str,  # noqa: N803
        Range: str = "",  # noqa: N803
        IfMatch: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        self.gets += 1
        if (Bucket, Key) not in self.objects:
            raise _refusal("AccessDenied")  # as S3 does without an unconditional s3:ListBucket
        body = self.objects[Bucket, Key]
        if IfMatch and IfMatch != _etag(body):
            raise _refusal("PreconditionFailed")
        if Range:
            first, last = map(int, Range.removeprefix("bytes=").split("-"))
            body = body[first : last + 1]
        return {"Body": _Body(body, self), "ETag": _etag(self.objects[Bucket, Key])}

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        IfMatch: str = "",  # noqa: N803
        IfNoneMatch: str = "",  # noqa: N803
        **_settings: str,
    ) -> None:
        there = self.objects.get((Bucket, Key))
        if (IfNoneMatch and there is not None) or (IfMatch and (there is None or IfMatch != _etag(there))):
            raise _refusal("PreconditionFailed")
        self.objects[Bucket, Key] = bytes(Body)

    def create_multipart_upload(self, **_settings: str) -> dict[str, str]:
        name = f"upload-{len(self.uploads)}"
        self.uploads[name] = {}
        return {"UploadId": name}

    def upload_part(self, *, UploadId: str, PartNumber: int, Body: bytes, **_place: str) -> dict[str, str]:  # noqa: N803
        self.uploads[UploadId][PartNumber] = bytes(Body)
        return {"ETag": _etag(Body)}

    def complete_multipart_upload(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        UploadId: str,  # noqa: N803
        MultipartUpload: dict[str, Any],  # noqa: N803
    ) -> None:
        parts = self.uploads.pop(UploadId)
        assert [part["PartNumber"] for part in MultipartUpload["Parts"]] == sorted(parts)
        self.objects[Bucket, Key] = b"".join(parts[number] for number in sorted(parts))

    def abort_multipart_upload(self, *, UploadId: str, **_place: str) -> None:  # noqa: N803
        del self.uploads[UploadId]

    def list_objects_v2(self, *, Bucket: str, Prefix: str, MaxKeys: int) -> dict[str, Any]:  # noqa: N803
        return {"Contents": self._entries(Bucket, Prefix)[:MaxKeys]}

    def get_paginator(self, operation_name: str, /) -> ObjectStore:
        assert operation_name == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        entries = self._entries(Bucket, Prefix)
        for start in range(0, max(1, len(entries)), self._page_size):
            page = entries[start : start + self._page_size]
            is_truncated = start + self._page_size < len(entries)
            yield {"IsTruncated": is_truncated, **({"Contents": page} if page else {"KeyCount": 0})}

    def _entries(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        keys = sorted(
            (key for each, key in self.objects if each == bucket and key.startswith(prefix)), key=str.encode
        )
        return [
            {"Key": key, "Size": len(self.objects[bucket, key]), "ETag": _etag(self.objects[bucket, key])}
            for key in keys
        ]


class _Body(io.BytesIO):
    def __init__(self, body: bytes, store: ObjectStore) -> None:
        super().__init__(body)
        self._store = store

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._store.largest_read = max(self._store.largest_read, len(data))
        return data


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Any")
