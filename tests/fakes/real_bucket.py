"""S3 of the local AWS for one test: a bucket that is empty, and clients that pass most calls on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batch_transform.local.up import LocalAws


@dataclass
class PassedOn:
    """A client that passes every call on to `s3` but those that a subclass has."""

    s3: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)


def empty_bucket(aws: LocalAws, name: str) -> Any:
    """Return a client for S3, in which this bucket has no object and no open upload."""
    client: Any = aws.client("s3")
    client.create_bucket(Bucket=name)
    for upload in client.list_multipart_uploads(Bucket=name).get("Uploads", []):
        client.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    for found in client.list_objects_v2(Bucket=name).get("Contents", []):
        client.delete_object(Bucket=name, Key=found["Key"])
    return client
