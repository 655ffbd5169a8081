from __future__ import annotations

import pytest

from batch_transform.job.errors import InvalidS3UriError
from batch_transform.job.values.s3_uri import S3Uri


@pytest.mark.parametrize(
    ("text", "bucket", "key"),
    [
        ("s3://bucket", "bucket", ""),
        ("s3://bucket/", "bucket", ""),
        ("s3://bucket/a/b c.csv", "bucket", "a/b c.csv"),
        ("s3://bucket//a", "bucket", "/a"),
        ("https://bucket.s3.eu-west-1.amazonaws.com/a/b", "bucket", "a/b"),
        ("https://bucket.s3.amazonaws.com/", "bucket", ""),
        ("https://s3.eu-west-1.amazonaws.com/bucket/a/b", "bucket", "a/b"),
        ("https://s3-eu-west-1.amazonaws.com/bucket", "bucket", ""),
    ],
)
def test_a_uri_is_read_as_bucket_and_key(text: str, bucket: str, key: str) -> None:
    assert S3Uri.parse(text) == S3Uri(bucket, key)


@pytest.mark.parametrize(
    "text", ["", "bucket/key", "s3:/bucket", "s3://", "s3:///key", "https://example.com/a"]
)
def test_fails_for_a_uri_without_a_bucket(text: str) -> None:
    with pytest.raises(InvalidS3UriError, match="write s3://BUCKET/KEY"):
        S3Uri.parse(text)


def test_a_uri_is_written_as_it_was_read() -> None:
    assert str(S3Uri.parse("s3://bucket/a//b")) == "s3://bucket/a//b"


@pytest.mark.parametrize(
    ("bucket", "usual"),
    [
        ("my-bucket.eu", True),
        ("abc", True),
        ("ab", False),
        ("My_Bucket", False),
        ("a..b", False),
        ("-abc", False),
    ],
)
def test_an_unusual_bucket_name_is_recognised(bucket: str, usual: bool) -> None:
    assert S3Uri(bucket, "").has_usual_bucket_name is usual


@pytest.mark.parametrize(
    ("bucket", "possible"),
    [
        ("my-bucket.eu", True),
        ("My_Bucket", True),
        ("a..b", True),
        ("x" * 255, True),
        ("x" * 256, False),
        ("ab", False),
        ("a b c", False),
        ("192.168.0.1", False),
    ],
)
def test_a_name_that_no_bucket_can_have_is_recognised(bucket: str, possible: bool) -> None:
    assert S3Uri(bucket, "").has_possible_bucket_name is possible
