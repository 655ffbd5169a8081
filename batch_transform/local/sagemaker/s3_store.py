"""The engine's object store over S3: streams in, multipart uploads out, memory flat in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from botocore.exceptions import BotoCoreError, ClientError

from batch_transform.engine.seams import InputObject, ObjectWriter
from batch_transform.spec.errors import DataNotFoundError

PART_SIZE = 8 * 1024 * 1024
"""Bytes a part; S3 takes parts from 5 MiB, and 10,000 of them make an object of 80 GB."""


class S3Store:
    """`client` is a boto3 S3 client, which is thread safe."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401  # boto3 makes clients at run time
        self._client = client

    def list_objects(self, bucket: str, prefix: str) -> Iterator[InputObject]:
        """Yield the objects whose key starts with `prefix`, in S3's order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for found in page.get("Contents", []):
                yield InputObject(bucket=bucket, key=found["Key"], size=found["Size"])

    def open(self, bucket: str, key: str) -> BinaryIO:
        """Return the object's bytes as a stream; raises DataNotFoundError when it is gone."""
        try:
            answer = self._client.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket", "404"):
                raise DataNotFoundError(f"there is no s3://{bucket}/{key}") from error
            raise
        return cast(BinaryIO, answer["Body"])

    def create(self, bucket: str, key: str) -> ObjectWriter:
        """Return a writer; nothing is at `key` before its commit."""
        return S3Writer(self._client, bucket, key)


class S3Writer:
    """Writes one object: small ones in one put, larger ones in parts of PART_SIZE. Not thread safe."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:  # noqa: ANN401  # boto3 makes clients at run time
        self._client = client
        self._object = {"Bucket": bucket, "Key": key}
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._buffer += data
        while len(self._buffer) >= PART_SIZE:
            part = bytes(memoryview(self._buffer)[:PART_SIZE])
            del self._buffer[:PART_SIZE]
            self._send_part(part)

    def commit(self) -> None:
        """Make the object appear, whole."""
        if self._upload_id is None:
            self._client.put_object(**self._object, Body=bytes(self._buffer))
            return
        if self._buffer:
            self._send_part(bytes(self._buffer))
        self._client.complete_multipart_upload(
            **self._object, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
        )
        self._upload_id = None

    def abort(self) -> None:
        """Leave nothing behind: no object, no open upload."""
        self._buffer.clear()
        if self._upload_id is not None:
            upload_id, self._upload_id = self._upload_id, None
            self._client.abort_multipart_upload(**self._object, UploadId=upload_id)

    def _send_part(self, part: bytes) -> None:
        if self._upload_id is None:
            self._upload_id = self._client.create_multipart_upload(**self._object)["UploadId"]
        number = len(self._parts) + 1
        answer = self._client.upload_part(
            **self._object, UploadId=self._upload_id, PartNumber=number, Body=part
        )
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})


S3_ERRORS = (BotoCoreError, ClientError)
