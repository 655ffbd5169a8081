"""The engine's object store over S3: streamed reads, multipart uploads, and constant memory for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, cast

from botocore.exceptions import BotoCoreError, ClientError

from batch_transform.engine.interfaces import InputObject, ObjectWriter
from batch_transform.job.errors import DataNotFoundError

PART_SIZE = 8 * 1024 * 1024
"""Bytes per part; S3 requires at least 5 MiB, and the maximum of 10,000 parts makes an object of 80 GB."""


def keys_of(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the KMS keys of a CreateTransformJob request, by the S3 URI below which they encrypt objects."""
    output, capture = request["TransformOutput"], request.get("DataCaptureConfig", {})
    keys = {
        output["S3OutputPath"]: output.get("KmsKeyId"),
        capture.get("DestinationS3Uri"): capture.get("KmsKeyId"),
    }
    return {f"{place.rstrip('/')}/": key for place, key in keys.items() if place and key}


class S3Store:
    """`client` is a boto3 S3 client, which is thread safe. `keys` maps an S3 URI to the KMS key for objects below it.

    Without a key, the bucket's default encryption applies.
    """

    def __init__(self, client: Any, keys: Mapping[str, str] | None = None) -> None:  # noqa: ANN401  # boto3 makes clients at run time
        self._client = client
        self._keys = keys or {}
        self._written: list[dict[str, str]] = []

    def list_objects(self, bucket: str, prefix: str) -> Iterator[InputObject]:
        """Yield the objects whose key starts with `prefix`, in S3's order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for found in page.get("Contents", []):
                yield InputObject(bucket=bucket, key=found["Key"], size=found["Size"])

    def open(self, bucket: str, key: str) -> BinaryIO:
        """Return the object's bytes as a stream; raises DataNotFoundError when it does not exist."""
        try:
            answer = self._client.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket", "404"):
                raise DataNotFoundError(f"there is no s3://{bucket}/{key}") from error
            raise
        return cast(BinaryIO, answer["Body"])

    def create(self, bucket: str, key: str) -> ObjectWriter:
        """Return a writer; nothing is at `key` before its commit."""
        address = f"s3://{bucket}/{key}"
        kms_key = next((kms for place, kms in self._keys.items() if address.startswith(place)), None)
        return S3Writer(self._client, bucket, key, self._written.append, kms_key)

    def take_back(self, owner: Any) -> None:  # noqa: ANN401  # boto3 makes clients at run time
        """Delete the written objects: a stopped job has no output in S3 (API reference, StopTransformJob).

        `owner` is a client that may delete; the execution role need not. In a versioned bucket exactly the written
        versions are deleted, so that the output of an earlier job becomes current again.
        """
        while self._written:
            owner.delete_object(**self._written.pop())


class S3Writer:
    """Writes one object: a small one with a single put, a larger one in parts of PART_SIZE. Not thread safe.

    `on_commit` receives its bucket, its key and, in a versioned bucket, its version. `kms_key` encrypts the object.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401  # boto3 makes clients at run time
        bucket: str,
        key: str,
        on_commit: Callable[[dict[str, str]], None],
        kms_key: str | None = None,
    ) -> None:
        self._client = client
        self._on_commit = on_commit
        self._object = {"Bucket": bucket, "Key": key}
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._buffer += data
        while len(self._buffer) >= PART_SIZE:
            part = bytes(memoryview(self._buffer)[:PART_SIZE])
            del self._buffer[:PART_SIZE]
            self._send_part(part)

    def commit(self) -> None:
        """Make the complete object visible."""
        if self._upload_id is None:
            answer = self._client.put_object(**self._object, **self._encryption, Body=bytes(self._buffer))
        else:
            if self._buffer:
                self._send_part(bytes(self._buffer))
            answer = self._client.complete_multipart_upload(
                **self._object, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
            )
            self._upload_id = None
        version = {"VersionId": answer["VersionId"]} if "VersionId" in answer else {}
        self._on_commit({**self._object, **version})

    def abort(self) -> None:
        """Leave nothing behind, neither an object nor an open upload."""
        self._buffer.clear()
        if self._upload_id is not None:
            upload_id, self._upload_id = self._upload_id, None
            self._client.abort_multipart_upload(**self._object, UploadId=upload_id)

    def _send_part(self, part: bytes) -> None:
        if self._upload_id is None:
            answer = self._client.create_multipart_upload(**self._object, **self._encryption)
            self._upload_id = answer["UploadId"]
        number = len(self._parts) + 1
        answer = self._client.upload_part(
            **self._object, UploadId=self._upload_id, PartNumber=number, Body=part
        )
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})


S3_ERRORS = (BotoCoreError, ClientError)
