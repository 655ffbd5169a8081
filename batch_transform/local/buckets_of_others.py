"""Buckets that a job uses and its app does not define: on AWS they exist, and a new local AWS has none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_ANYWHERE = "us-east-1"
"""The region whose buckets are created without a LocationConstraint (S3 API reference, CreateBucket)."""


def create_missing(buckets: Iterable[str], s3: S3Client) -> list[str]:
    """Create those that are not there, empty, and return them."""
    created = []
    region: Any = s3.meta.region_name
    for bucket in buckets:
        try:
            s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
                raise
            if region == _ANYWHERE:
                s3.create_bucket(Bucket=bucket)
            else:
                s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
            created.append(bucket)
    return created
