"""Objects in S3: listed, read as streams, written in parts, copied within S3, and deleted with their versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from threading import BoundedSemaphore
from typing import Any, BinaryIO, NamedTuple, Self, cast

from batch_transform.engine.interfaces import InputObject
from batch_transform.job.errors import BadRecordsError
from batch_transform.job.values.s3_uri import S3Uri

SMALLEST_PART = 5 * 1024 * 1024
"""Bytes of each part of a multipart upload but the last (S3 User Guide, multipart upload limits)."""

_PART = 8 * 1024 * 1024
_LARGEST_COPY = 5 * 1024**3
_AT_A_TIME = 10  # as many connections as boto3 keeps


class Stored(NamedTuple):
    """The size of an object in bytes, and when it was written."""

    size: int
    modified: datetime


@dataclass(frozen=True)
class BucketStore:
    """`client` is boto3's S3 client, which is thread safe. `kms_key` encrypts what is written; None for the bucket's.

    It is an engine's ObjectStore, so that the engine's own code selects the input objects.
    """

    client: Any
    kms_key: str | None = None

    def list_objects(self, bucket: str, prefix: str) -> Iterator[InputObject]:
        """Yield the objects whose key starts with `prefix`, in key order."""
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                yield InputObject(bucket, found["Key"], found["Size"])

    def stored(self, place: S3Uri) -> Stored | None:
        """Return what the listing says about an object; None if there is none."""
        listed = self.client.list_objects_v2(Bucket=place.bucket, Prefix=place.key, MaxKeys=1)
        for found in listed.get("Contents", []):  # the key itself is the first that starts with it
            if found["Key"] == place.key:
                return Stored(found["Size"], found["LastModified"])
        return None

    def open(self, bucket: str, key: str) -> BinaryIO:
        """Return the object's bytes as a stream, which the caller closes."""
        return cast(BinaryIO, self.client.get_object(Bucket=bucket, Key=key)["Body"])

    def read(self, place: S3Uri) -> bytes:
        """Return a small object."""
        with self.open(place.bucket, place.key) as body:
            return body.read()

    def read_start(self, place: S3Uri, size: int) -> bytes:
        """Return the first bytes of an object that isn't empty, at most `size`."""
        answer = self.client.get_object(Bucket=place.bucket, Key=place.key, Range=f"bytes=0-{size - 1}")
        with cast(BinaryIO, answer["Body"]) as body:
            return body.read()

    def find(self, place: S3Uri) -> bytes | None:
        """Return a small object, or None if there is none.

        The listing says which. For a missing object, S3 answers GetObject with AccessDenied unless the caller has
        `s3:ListBucket` (API reference), and the function has it with a condition on the prefix alone.
        """
        found = self.list_objects(place.bucket, place.key)
        return self.read(place) if any(one.key == place.key for one in found) else None

    def write(self, place: S3Uri, data: bytes) -> None:
        """Write a small object."""
        self.client.put_object(Bucket=place.bucket, Key=place.key, Body=data, **self.encryption)

    def create(self, bucket: str, key: str) -> Upload:
        """Start to write an object. Nothing is at `key` before its commit."""
        return Upload(self, S3Uri(bucket, key))

    def delete_below(self, bucket: str, prefix: str, *, part: str = "") -> int:
        """Delete every version of the objects below the prefix whose key has `part`, and return how many they were.

        Raises BadRecordsError if S3 keeps any of them.
        """
        deleted = 0
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:  # of 1,000 at most, as many as one call deletes
            found = [
                {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                if part in entry["Key"]
            ]
            if found:
                answer = self.client.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})
                if errors := answer.get("Errors"):
                    raise BadRecordsError(
                        f"{len(errors):,} objects below s3://{bucket}/{prefix} can't be deleted, such as "
                        f"{errors[0]['Key']}: {errors[0].get('Code')}: {errors[0].get('Message')}"
                    )
                deleted += len(found)
        return deleted

    @property
    def encryption(self) -> dict[str, str]:
        """The arguments of a call that writes."""
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key} if self.kms_key else {}


class Upload:
    """Writes one object: a small one with a single call, a larger one in parts. Not thread safe."""

    def __init__(self, store: BucketStore, place: S3Uri) -> None:
        self._store = store
        self._client = store.client
        self._object = {"Bucket": place.bucket, "Key": place.key}
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._parts: list[dict[str, Any]] = []

    @property
    def is_small(self) -> bool:
        """Whether a single call writes it."""
        return self._upload_id is None

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._buffer += data
        while len(self._buffer) >= _PART:
            part = bytes(memoryview(self._buffer)[:_PART])
            del self._buffer[:_PART]
            self._send(part)

    def copies(self, size: int) -> bool:
        """Whether an object of this size can be copied within S3 here: each part but the last has a smallest size."""
        return size >= SMALLEST_PART and (not self._buffer or len(self._buffer) >= SMALLEST_PART)

    def copy(self, source: S3Uri, size: int) -> None:
        """Append an object without reading it."""
        if self._buffer:
            self._send(bytes(self._buffer))
            self._buffer.clear()
        for start in range(0, size, _LARGEST_COPY):
            end = min(start + _LARGEST_COPY, size) - 1
            answer = self._client.upload_part_copy(
                **self._of_upload(),
                CopySource={"Bucket": source.bucket, "Key": source.key},
                CopySourceRange=f"bytes={start}-{end}",
            )
            self._parts[-1]["ETag"] = answer["CopyPartResult"]["ETag"]

    def commit(self) -> None:
        """Make the object visible, whole."""
        if self._upload_id is None:
            self._client.put_object(**self._object, **self._store.encryption, Body=bytes(self._buffer))
            return
        if self._buffer:
            self._send(bytes(self._buffer))
        self._client.complete_multipart_upload(
            **self._object, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
        )
        self._upload_id = None

    def abort(self) -> None:
        """Leave nothing behind, no open multipart upload either."""
        self._buffer.clear()
        if self._upload_id is not None:
            upload_id, self._upload_id = self._upload_id, None
            self._client.abort_multipart_upload(**self._object, UploadId=upload_id)

    def _send(self, part: bytes) -> None:
        answer = self._client.upload_part(**self._of_upload(), Body=part)
        self._parts[-1]["ETag"] = answer["ETag"]

    def _of_upload(self) -> dict[str, Any]:
        """Start the upload if needed, add a part without its ETag, and return the arguments that name it."""
        if self._upload_id is None:
            answer = self._client.create_multipart_upload(**self._object, **self._store.encryption)
            self._upload_id = answer["UploadId"]
        self._parts.append({"PartNumber": len(self._parts) + 1})
        return {**self._object, "UploadId": self._upload_id, "PartNumber": len(self._parts)}


@dataclass
class ManyUploads:
    """Writes many small objects at a time. Leaving it waits for all of them, and raises the first error."""

    store: BucketStore
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_AT_A_TIME))
    _room: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(2 * _AT_A_TIME))
    _futures: list[Future[None]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(wait=True)
        if error[0] is None:
            for future in self._futures:
                future.result()

    def create(self, place: S3Uri) -> LaterUpload:
        """Start to write an object, which is committed in the background if it is small."""
        return LaterUpload(self.store.create(place.bucket, place.key), self)

    def submit(self, upload: Upload) -> None:
        """Commit the upload in the background."""
        self._room.acquire()
        self._futures = [one for one in self._futures if not one.done() or one.exception()]
        future = self._pool.submit(upload.commit)
        future.add_done_callback(lambda _: self._room.release())
        self._futures.append(future)


@dataclass(frozen=True)
class LaterUpload:
    """An Upload of ManyUploads."""

    upload: Upload
    many: ManyUploads

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self.upload.write(data)

    def commit(self) -> None:
        """Commit a small object in the background, and a large one at once."""
        if self.upload.is_small:
            self.many.submit(self.upload)
        else:
            self.upload.commit()

    def abort(self) -> None:
        """Do nothing: a lifecycle rule ends an open upload of a section, so the function needs no permission for it."""


def in_order(read: Callable[[S3Uri], bytes], places: Iterator[S3Uri]) -> Iterator[bytes]:
    """Yield what `read` returns of small objects in order, several of which are read at a time."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        waiting: list[Future[bytes]] = []
        for place in places:
            waiting.append(pool.submit(read, place))
            if len(waiting) >= _AT_A_TIME:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()
