"""The objects below a place in S3."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Protocol

from batch_transform.job.values.s3_uri import S3Uri

MOST_OBJECTS = 100_000
"""Looked at in one place: about twenty seconds of listing, of the fifty that the function has."""


class S3Client(Protocol):
    """What listing needs of boto3's S3 client."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""


def sizes(place: S3Uri, s3: S3Client) -> dict[str, int]:
    """Return the size in bytes of each object whose key begins with the place's, by key, in key order.

    No more than MOST_OBJECTS. The folder markers that the S3 console makes are no objects of anybody's.
    """
    return dict(islice(_objects(place, s3), MOST_OBJECTS))


def _objects(place: S3Uri, s3: S3Client) -> Iterator[tuple[str, int]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key):
        for entry in page.get("Contents", []):
            if not entry["Key"].endswith("/"):
                yield entry["Key"], entry["Size"]
