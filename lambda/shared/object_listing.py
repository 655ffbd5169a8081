"""Lists the objects below an S3 prefix, up to millions, as far as time allows.

botocore needs most of a listing's CPU time to make a structure of what a function doesn't use, above all each object's
LastModified. `read_quickly` makes a client read a page's keys, sizes and ETags itself, in a third of the time
(`make bench BENCH=functions`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from xml.etree import ElementTree as ET

from botocore.exceptions import ClientError

from batch_transform.job.errors import BucketRegionError, ListingTimeError
from batch_transform.job.values.s3_uri import S3Uri
from time_budget import TimeBudget

_MEMBERS = frozenset({"Key", "Size", "ETag"})

# Not in the API reference of ListObjectsV2, but S3 sends it (versitygw, pull request 2002), and boto3 reads it.
_REGION_HEADER = "x-amz-bucket-region"


class S3Lister(Protocol):
    """The part of boto3's S3 client that is used here."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""


class ObjectListing:
    """The objects below a place, in key order, a page at a time: iterate over it once.

    Each is a mapping with at least `Key` and `Size`. `is_complete` tells, once the iteration has ended, whether these
    are all objects, or the budget was over before.

    `region` is where the bucket must be; by default anywhere. boto3 follows S3's redirect to another region's bucket,
    so the iteration raises BucketRegionError itself. S3 names the bucket's region in its answer, which takes no further
    call and no permission; if it didn't, the region would be unknown and not checked.
    """

    def __init__(self, place: S3Uri, s3: S3Lister, budget: TimeBudget, *, region: str = "") -> None:
        self._place = place
        self._s3 = s3
        self._budget = budget
        self._region = region
        self.is_complete = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for page in self._pages():
            yield from page.get("Contents", [])
            if page.get("IsTruncated") and self._budget.is_over:
                return
        self.is_complete = True

    def whole(self) -> Iterator[dict[str, Any]]:
        """Yield the objects for a caller to whom some of them are no use: raises ListingTimeError after the last."""
        yield from self
        if not self.is_complete:
            raise ListingTimeError(
                f"the objects below {self._place} were not all listed: there was no time for it"
            )

    def _pages(self) -> Iterator[Mapping[str, Any]]:
        pages = self._s3.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._place.bucket, Prefix=self._place.key):
                self._require_region(page)
                yield page
        except ClientError as error:  # a region that the account hasn't enabled refuses the redirected call
            self._require_region(error.response)
            raise

    def _require_region(self, answer: Mapping[str, Any]) -> None:
        found = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(_REGION_HEADER, "")
        if found and self._region and found != self._region:
            raise BucketRegionError(
                f"the bucket {self._place.bucket} of {self._place} is in {found}, and the job runs in {self._region}: "
                f"use a bucket in {self._region}, or deploy the job to {found}"
            )


def read_quickly(s3: Any) -> None:
    """Make a boto3 client for S3 read the pages of ListObjectsV2 without botocore's parser.

    Retries, signatures, pages and errors stay botocore's. Objects have Key, Size and ETag, and nothing else. With a
    botocore that doesn't emit the event, listings are read as ever.
    """
    s3.meta.events.register("before-parse.s3.ListObjectsV2", _read_contents)


def _read_contents(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_event: object
) -> None:
    if response_dict["status_code"] != 200:
        return
    try:
        page = ET.fromstring(response_dict["body"])  # noqa: S314  # S3's own answer
    except ET.ParseError:
        return  # botocore's parser says what is wrong
    contents, others = [], []
    for element in page:
        if element.tag.rpartition("}")[2] == "Contents":
            contents.append(_object(element))
        else:
            others.append(element)
    if contents:
        # botocore decodes the keys in `Contents` after this, since it has asked for EncodingType=url.
        customized_response_dict["Contents"] = contents
        page[:] = others
        response_dict["body"] = ET.tostring(page)


def _object(element: ET.Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for member in element:
        name = member.tag.rpartition("}")[2]
        if name in _MEMBERS:
            found[name] = member.text or ""
    found["Size"] = int(found["Size"])
    return found
