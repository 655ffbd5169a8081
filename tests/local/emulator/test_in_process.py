from __future__ import annotations

from typing import Any

import pytest

from batch_transform.local.emulator.in_process import _Raw

ODD_KEYS = ["a b/ü?x=1&y#z+%41.csv", "~/../x//.csv", "'(quote)\".csv"]


def test_a_job_reads_and_writes_keys_of_any_kind(lab: Any) -> None:
    bucket = lab.bucket(**dict.fromkeys(ODD_KEYS, b"id-1,2,3\n"))
    assert lab.run(lab.request(lab.model(), bucket))["TransformJobStatus"] == "Completed"
    assert lab.keys(bucket) == sorted(f"out/{key}.out" for key in ODD_KEYS)
    assert {lab.body(bucket, key) for key in lab.keys(bucket)} == {b"id-1,2\n"}


def test_a_job_reads_a_large_object_and_an_empty_one(lab: Any) -> None:
    large = b"0123456,89abcde\n" * 200_000
    bucket = lab.bucket(large=large, empty=b"")
    request = lab.request(lab.model(), bucket, DataProcessing={"JoinSource": "Input"})
    assert lab.run(request)["TransformJobStatus"] == "Completed"
    assert lab.body(bucket, "out/large.out") == large.replace(b"\n", b",2\n")
    assert lab.body(bucket, "out/empty.out") == b""


def test_a_job_whose_bucket_is_deleted_fails_with_the_error_of_s3(lab: Any) -> None:
    request = lab.request(lab.model(), lab.bucket(a=b"1,2\n"))
    request["TransformOutput"]["S3OutputPath"] = "s3://there-is-no-such-bucket/out"
    described = lab.run(request)
    assert described["TransformJobStatus"] == "Failed"
    assert "NoSuchBucket" in described["FailureReason"]


@pytest.mark.parametrize("size", [1, 3, 100])
def test_an_answer_is_read_in_pieces_of_any_size(size: int) -> None:
    raw, pieces = _Raw(b"abcdefgh"), []
    while piece := raw.read(size):
        pieces.append(piece)
    assert b"".join(pieces) == b"abcdefgh"
    assert all(len(piece) <= size for piece in pieces)
