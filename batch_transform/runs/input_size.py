"""The size of a run's input in S3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.runs.aws_calls import aws_calls

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

MOST_PAGES = 20
"""The most pages of 1,000 objects to list: some seconds, which a start may take."""


def input_bytes(request: Mapping[str, Any], s3: S3Client) -> int | None:
    """Return the bytes of all objects that a request reads.

    None if it isn't known: a manifest's objects may be anywhere, and more than MOST_PAGES pages aren't listed.
    Raises AwsCallError.
    """
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    if source["S3DataType"] != "S3Prefix":
        return None
    place = S3Uri.parse(source["S3Uri"])
    total = 0
    with aws_calls():
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key)
        for number, page in enumerate(pages, 1):
            total += sum(entry["Size"] for entry in page.get("Contents", []))
            if number == MOST_PAGES and page["IsTruncated"]:
                return None
    return total
