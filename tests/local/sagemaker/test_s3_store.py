from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from batch_transform.job.errors import DataNotFoundError
from batch_transform.local.sagemaker.s3_store import PART_SIZE, S3Store


@pytest.fixture
def store(lab: Any) -> S3Store:
    return S3Store(lab.s3)


def test_objects_are_listed_in_key_order_over_many_pages(lab: Any, store: S3Store) -> None:
    bucket = lab.bucket()
    keys = sorted([f"p/{number}" for number in range(1_005)] + ["p/é", "p/Z"], key=str.encode)
    for key in keys:
        lab.s3.put_object(Bucket=bucket, Key=key, Body=b"12")
    lab.s3.put_object(Bucket=bucket, Key="q", Body=b"")
    listed = list(store.list_objects(bucket, "p/"))
    assert [found.key for found in listed] == keys
    assert {found.size for found in listed} == {2}


def test_a_prefix_is_a_plain_string(lab: Any, store: S3Store) -> None:
    bucket = lab.bucket(**{"test/1": b"", "test_more/1": b""})
    assert [found.key for found in store.list_objects(bucket, "in/test")] == ["in/test/1", "in/test_more/1"]


def test_an_object_is_read_as_a_stream(lab: Any, store: S3Store) -> None:
    bucket = lab.bucket(a=b"0123456789")
    with store.open(bucket, "in/a") as stream:
        assert [stream.read(4), stream.read(4), stream.read(4), stream.read(4)] == [
            b"0123",
            b"4567",
            b"89",
            b"",
        ]


def test_fails_when_there_is_no_such_object(lab: Any, store: S3Store) -> None:
    bucket = lab.bucket()
    with pytest.raises(DataNotFoundError, match=f"there is no s3://{bucket}/none"):
        store.open(bucket, "none")


@pytest.mark.parametrize("size", [0, 1, PART_SIZE - 1, PART_SIZE, PART_SIZE + 1, 3 * PART_SIZE])
def test_an_object_appears_only_after_the_commit(lab: Any, store: S3Store, size: int) -> None:
    bucket, body = lab.bucket(), bytes(size)
    writer = store.create(bucket, "out/x")
    for start in range(0, size, 1_000_003):
        writer.write(body[start : start + 1_000_003])
    assert lab.keys(bucket) == []
    writer.commit()
    assert lab.body(bucket, "out/x") == body
    assert lab.open_uploads(bucket) == []


@pytest.mark.parametrize("size", [0, 10, PART_SIZE + 1])
def test_an_abort_leaves_nothing(lab: Any, store: S3Store, size: int) -> None:
    bucket = lab.bucket()
    writer = store.create(bucket, "out/x")
    writer.write(bytes(size))
    writer.abort()
    writer.abort()  # twice is fine
    assert lab.keys(bucket) == []
    assert lab.open_uploads(bucket) == []


def test_a_commit_replaces_what_was_there(lab: Any, store: S3Store, until: Callable[..., None]) -> None:
    bucket = lab.bucket(x=b"old")
    writer = store.create(bucket, "in/x")
    writer.write(b"new")
    assert lab.body(bucket, "in/x") == b"old"
    writer.commit()
    assert lab.body(bucket, "in/x") == b"new"
