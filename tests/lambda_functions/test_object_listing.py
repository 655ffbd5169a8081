"""Listings of the functions: read quickly, and to the end or as far as time allows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_transform.job.errors import BucketRegionError
from batch_transform.job.values.s3_uri import S3Uri
from fakes.budgets import NOTHING, PLENTY, looks
from fakes.s3 import FakeS3
from object_listing import ObjectListing, read_quickly

PLACE = S3Uri("data-in", "churn/")
OBJECTS = {("data-in", f"churn/{number}.csv"): number for number in range(10)}


class Raw(io.BytesIO):
    """The body of an answer, as urllib3 has it."""

    def stream(self, *_arguments: object, **_settings: object) -> Iterator[bytes]:
        yield self.read()


def a_client(*answers: tuple[int, bytes], quickly: bool, bucket_region: str = "eu-central-1") -> Any:
    """Return a client for S3 in eu-central-1 that gets these answers, with their status, from where the bucket is."""
    client: Any = boto3.client(
        "s3", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    remaining = iter(answers)

    def answer(request: Any, **_event: object) -> AWSResponse:
        headers = HTTPHeaders()
        headers["content-type"] = "application/xml"
        headers["x-amz-bucket-region"] = bucket_region
        if f".{bucket_region}." not in request.url:
            return AWSResponse(request.url, 301, headers, Raw(REDIRECT))
        status, body = next(remaining)
        return AWSResponse(request.url, status, headers, Raw(body))

    client.meta.events.register("before-send.s3", answer)
    if quickly:
        read_quickly(client)
    return client


REDIRECT = (
    b"<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must be addressed using "
    b"the specified endpoint.</Message><Bucket>data-in</Bucket></Error>"
)


def a_page(objects: dict[str, int], token: str = "", *, encoded: bool = True) -> bytes:
    contents = "".join(
        f"<Contents><Key>{escape(quote_plus(key, safe='/') if encoded else key)}</Key>"
        "<LastModified>2026-11-22T02:00:00.000Z</LastModified><ETag>&quot;9a0364b9e99bb480dd25e1f0284c8555&quot;</ETag>"
        f"<Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for key, size in objects.items()
    )
    encoding = "<EncodingType>url</EncodingType>" if encoded else ""
    following = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>data-in</Name><Prefix>churn/</Prefix><IsTruncated>{str(bool(token)).lower()}</IsTruncated>"
        f"<KeyCount>{len(objects)}</KeyCount>{encoding}{following}{contents}</ListBucketResult>"
    ).encode()


@settings(max_examples=25, deadline=None)
@given(
    pages=st.lists(
        st.dictionaries(
            st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1), st.integers(0)
        ),
        min_size=1,
        max_size=3,
    ),
    encoded=st.booleans(),
)
def test_pages_read_quickly_are_those_that_botocore_reads(pages: list[dict[str, int]], encoded: bool) -> None:
    answers = [
        (200, a_page(page, f"token-{number}" if number < len(pages) else "", encoded=encoded))
        for number, page in enumerate(pages, 1)
    ]
    quick, slow = (
        list(ObjectListing(PLACE, a_client(*answers, quickly=is_quick), PLENTY)) for is_quick in (True, False)
    )
    members = ("Key", "Size", "ETag")
    assert quick == [{member: entry[member] for member in members} for entry in slow]
    assert [(entry["Key"], entry["Size"]) for entry in quick] == [
        item for page in pages for item in page.items()
    ]


@pytest.mark.parametrize("quickly", [True, False])
def test_fails_with_the_error_of_s3(quickly: bool) -> None:
    denied = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    with pytest.raises(ClientError, match="AccessDenied"):
        list(ObjectListing(PLACE, a_client((403, denied), quickly=quickly), PLENTY))


@pytest.mark.parametrize("quickly", [True, False])
@pytest.mark.parametrize(
    "answer",
    [
        (200, a_page({"churn/a.csv": 1})),
        (200, a_page({})),
        (403, b"<Error><Code>InvalidToken</Code><Message>The provided token is malformed</Message></Error>"),
    ],
    ids=["with objects", "empty", "in a region that the account has not enabled"],
)
def test_fails_for_a_bucket_of_another_region_to_which_boto3_follows_the_redirect(
    answer: tuple[int, bytes], quickly: bool
) -> None:
    client = a_client(answer, quickly=quickly, bucket_region="us-east-1")
    with pytest.raises(BucketRegionError, match="the bucket data-in of s3://data-in/churn/ is in us-east-1"):
        list(ObjectListing(PLACE, client, PLENTY, region="eu-central-1"))


def test_a_bucket_of_another_region_can_be_listed_where_that_is_no_problem() -> None:
    client = a_client((200, a_page({"churn/a.csv": 1})), quickly=True, bucket_region="us-east-1")
    assert [entry["Key"] for entry in ObjectListing(PLACE, client, PLENTY)] == ["churn/a.csv"]


def test_a_throttled_page_is_asked_for_again_and_read_quickly() -> None:
    slow_down = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    client = a_client((503, slow_down), (200, a_page({"churn/a.csv": 1})), quickly=True)
    assert [entry["Key"] for entry in ObjectListing(PLACE, client, PLENTY)] == ["churn/a.csv"]


def test_a_listing_to_the_end_is_complete() -> None:
    listing = ObjectListing(PLACE, FakeS3(OBJECTS), PLENTY)
    assert (len(list(listing)), listing.is_complete) == (10, True)


@pytest.mark.parametrize(("pages_in_time", "expected"), [(0, 2), (1, 4), (3, 8)])
def test_a_listing_ends_with_its_budget_after_a_whole_page(pages_in_time: int, expected: int) -> None:
    listing = ObjectListing(PLACE, FakeS3(OBJECTS), looks(pages_in_time))
    assert (len(list(listing)), listing.is_complete) == (expected, False)


def test_a_listing_whose_budget_ends_with_its_last_page_is_complete() -> None:
    listing = ObjectListing(PLACE, FakeS3(OBJECTS, page_size=10), NOTHING)
    assert (len(list(listing)), listing.is_complete) == (10, True)
