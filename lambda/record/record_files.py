"""Reads and writes the files of a record, a few megabytes at a time however long they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from batch_transform.job.values.s3_uri import S3Uri

PART_BYTES = 8 * 1024 * 1024
"""What is read or written with one request. S3 accepts parts from 5 MiB on, and 10,000 of them: 80 GB."""

Line = dict[str, Any]
_WRITTEN_MEANWHILE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


def is_written_meanwhile(error: ClientError) -> bool:
    """Return whether S3 refused a write because its condition wasn't true."""
    return str(error.response["Error"]["Code"]) in _WRITTEN_MEANWHILE


class S3Client(Protocol):
    """The part of boto3's S3 client that is used here."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""

    def list_objects_v2(self, **request: Any) -> Any:
        """As boto3 has it."""

    def get_object(self, **request: Any) -> Any:
        """As boto3 has it."""

    def put_object(self, **request: Any) -> Any:
        """As boto3 has it."""

    def create_multipart_upload(self, **request: Any) -> Any:
        """As boto3 has it."""

    def upload_part(self, **request: Any) -> Any:
        """As boto3 has it."""

    def complete_multipart_upload(self, **request: Any) -> Any:
        """As boto3 has it."""

    def abort_multipart_upload(self, **request: Any) -> Any:
        """As boto3 has it."""


@dataclass(frozen=True)
class RecordFiles:
    """The files below the output prefix of one run. `key_id` is the KMS key that the job names for its output."""

    s3: S3Client
    prefix: S3Uri
    key_id: str | None = None

    @classmethod
    def below(cls, output: Mapping[str, Any], run_id: str, s3: S3Client) -> RecordFiles:
        """Return the files of a run. `output` is the TransformOutput that the job declares."""
        place = S3Uri.parse(output["S3OutputPath"])
        folder = f"{place.key.rstrip('/')}/{run_id}/".lstrip("/")
        return cls(s3, S3Uri(place.bucket, folder), output.get("KmsKeyId"))

    def exists(self, name: str) -> bool:
        """Return whether the file exists."""
        return self._entry(name) is not None

    def read(self, name: str) -> Line | None:
        """Return a JSON file, or None if it doesn't exist."""
        return self.read_version(name)[0]

    def read_version(self, name: str) -> tuple[Line | None, str]:
        """Return a JSON file, or None if it doesn't exist, and its ETag, or an empty one."""
        if not self.exists(name):
            return None, ""
        answer = self.s3.get_object(**self._place(name))
        with answer["Body"] as body:
            return json.loads(body.read()), answer["ETag"]

    def write(self, name: str, value: Line, **condition: str) -> None:
        """Write a JSON file, if S3's `condition` is true: IfMatch or IfNoneMatch."""
        text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        self._put(name, text.encode(), "application/json", **condition)

    def write_text(self, name: str, text: str, content_type: str) -> None:
        """Write a text file."""
        self._put(name, text.encode(), content_type)

    def touch(self, name: str) -> None:
        """Write an empty file, unless the file exists."""
        if not self.exists(name):
            self._put(name, b"", "application/octet-stream")

    def lines(self, name: str) -> Iterator[Line]:
        """Yield the lines of a JSON Lines file; none if it doesn't exist.

        It is read as it is now. If it is replaced meanwhile, the next part can't be read: ClientError.
        """
        entry = self._entry(name)
        size = entry["Size"] if entry else 0
        rest = b""
        for at in range(0, size, PART_BYTES):
            # A range for each part: S3 may close a connection that waits for a slow reader.
            answer = self.s3.get_object(
                **self._place(name), IfMatch=entry["ETag"], Range=f"bytes={at}-{at + PART_BYTES - 1}"
            )
            with answer["Body"] as body:
                *whole, rest = (rest + body.read()).split(b"\n")
            yield from map(json.loads, whole)

    @contextmanager
    def line_writer(self, name: str, content_type: str = "application/x-ndjson") -> Iterator[LineWriter]:
        """Write a JSON Lines file, which appears once it is complete. After an error it stays as it was."""
        writer = LineWriter(self.s3, self._place(name), {"ContentType": content_type, **self._encryption})
        try:
            yield writer
            writer.complete()
        except BaseException:
            writer.abort()
            raise

    def _put(self, name: str, body: bytes, content_type: str, **condition: str) -> None:
        request = {**self._place(name), **self._encryption, **condition}
        self.s3.put_object(Body=body, ContentType=content_type, **request)

    def _entry(self, name: str) -> Any:
        """Return the file's entry in the listing, which tells a missing file from one that may not be read."""
        key = self.prefix.key + name
        listed = self.s3.list_objects_v2(Bucket=self.prefix.bucket, Prefix=key, MaxKeys=1)
        return next((entry for entry in listed.get("Contents", []) if entry["Key"] == key), None)

    def _place(self, name: str) -> dict[str, str]:
        return {"Bucket": self.prefix.bucket, "Key": self.prefix.key + name}

    @property
    def _encryption(self) -> dict[str, str]:
        """The job's own key for its output; otherwise the bucket encrypts with its default."""
        if not self.key_id:
            return {}
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.key_id}


class LineWriter:
    """Writes lines in parts; a short file with one request."""

    def __init__(self, s3: S3Client, place: dict[str, str], settings: dict[str, str]) -> None:
        self._s3 = s3
        self._place = place
        self._settings = settings
        self._held = bytearray()
        self._upload: dict[str, str] = {}
        self._parts: list[dict[str, Any]] = []

    def write(self, line: Line) -> None:
        """Add a line."""
        self.write_text(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

    def write_text(self, text: str) -> None:
        """Add text."""
        self._held += text.encode()
        if len(self._held) >= PART_BYTES:
            self._send()

    def complete(self) -> None:
        """Make the file appear."""
        if not self._upload:
            self._s3.put_object(**self._place, Body=bytes(self._held), **self._settings)
            return
        if self._held:
            self._send()
        self._s3.complete_multipart_upload(
            **self._place, **self._upload, MultipartUpload={"Parts": self._parts}
        )

    def abort(self) -> None:
        """Discard what was sent."""
        if self._upload:
            self._s3.abort_multipart_upload(**self._place, **self._upload)

    def _send(self) -> None:
        if not self._upload:
            created = self._s3.create_multipart_upload(**self._place, **self._settings)
            self._upload = {"UploadId": created["UploadId"]}
        number = len(self._parts) + 1
        sent = self._s3.upload_part(**self._place, **self._upload, PartNumber=number, Body=bytes(self._held))
        self._parts.append({"ETag": sent["ETag"], "PartNumber": number})
        self._held.clear()
