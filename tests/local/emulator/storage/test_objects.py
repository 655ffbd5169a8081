from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_transform.local.emulator.storage.body import IN_MEMORY
from batch_transform.local.up import LocalAws

LARGE = 200 * 1024 * 1024
MOST_GROWTH = 100 * 1024 * 1024
"""The bytes by which memory may grow while LARGE is processed: half of what a copy needs."""


def highest_memory(pid: int) -> int:
    """Return the peak memory of the process in bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kilobytes) * 1024


class Rows(io.RawIOBase):
    """A stream of LARGE bytes of rows, which are never in memory all at once."""

    def __init__(self) -> None:
        self._position = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: LARGE}[whence]
        return self._position

    def readinto(self, buffer: Any) -> int:
        rows = b"0123456,89abcde\n" * (len(buffer) // 16 + 2)
        start = self._position % 16
        data = rows[start : start + min(len(buffer), LARGE - self._position)]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


@pytest.fixture(params=[False, True], ids=["in memory", "data-dir"])
def own_lab(
    request: pytest.FixtureRequest, make_lab: Callable[[LocalAws], Any], tmp_path: Path
) -> Iterator[Any]:
    with LocalAws(data_dir=tmp_path / "data" if request.param else None) as aws:
        yield make_lab(aws)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's /proc has the peak memory of a process")
def test_large_objects_go_through_a_job_without_being_in_memory(own_lab: Any) -> None:
    lab, bucket = own_lab, own_lab.bucket()
    lab.run(lab.request(lab.model(), lab.bucket(**{"a.csv": b"1,2\n"})))  # what any job needs
    before = highest_memory(lab.aws.pid)
    lab.s3.upload_fileobj(Rows(), bucket, "in/a.csv")
    lab.s3.put_object(Bucket=bucket, Key="whole", Body=Rows())
    lab.s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "in/a.csv"})
    name = lab.start(lab.request(lab.model(), bucket, DataProcessing={"JoinSource": "Input"}))
    lab.sagemaker.get_waiter("transform_job_completed_or_stopped").wait(
        TransformJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
    )
    size = 0
    for chunk in lab.s3.get_object(Bucket=bucket, Key="out/a.csv.out")["Body"].iter_chunks(1024 * 1024):
        size += len(chunk)
    assert size == LARGE + LARGE // 16 * len(",2")
    assert lab.s3.head_object(Bucket=bucket, Key="copy")["ContentLength"] == LARGE
    tail = lab.s3.get_object(Bucket=bucket, Key="whole", Range=f"bytes={LARGE - 17}-")
    assert tail["Body"].read() == b"\n0123456,89abcde\n"
    assert highest_memory(lab.aws.pid) - before < MOST_GROWTH


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's /proc has the peak memory of a process")
def test_a_client_that_leaves_a_long_answer_costs_no_memory(make_lab: Callable[[LocalAws], Any]) -> None:
    with LocalAws() as aws:
        lab = make_lab(aws)
        bucket = lab.bucket()
        lab.s3.upload_fileobj(Rows(), bucket, "a")
        before = highest_memory(aws.pid)
        for _ in range(3):
            lab.s3.get_object(Bucket=bucket, Key="a")["Body"].close()
        assert len(lab.s3.get_object(Bucket=bucket, Key="a", Range="bytes=0-9")["Body"].read()) == len(
            "0123456,89"
        )
        assert highest_memory(aws.pid) - before < MOST_GROWTH


def test_an_object_in_parts_has_the_tag_the_size_and_the_parts_that_aws_gives_it(lab: Any) -> None:
    """The tag is the MD5 of the parts' MD5s, and their number (S3 User Guide, "Checking object integrity")."""
    bucket, size = lab.bucket(), 5 * 1024 * 1024
    upload = {"Bucket": bucket, "Key": "a"}
    upload["UploadId"] = lab.s3.create_multipart_upload(**upload, ChecksumAlgorithm="SHA256")["UploadId"]
    bodies = [b"a" * size, b"b" * size, b"c"]
    parts = []
    for number, body in enumerate(bodies, 1):
        answer = lab.s3.upload_part(**upload, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256")
        parts.append(
            {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": answer["ChecksumSHA256"]}
        )
    lab.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    head = lab.s3.head_object(Bucket=bucket, Key="a")
    assert (head["ETag"], head["ContentLength"]) == ('"0a97f1336a2298a6c3e9adaa562a9eec-3"', 2 * size + 1)
    assert lab.body(bucket, "a") == b"".join(bodies)
    for number, body in enumerate(bodies, 1):
        assert lab.s3.get_object(Bucket=bucket, Key="a", PartNumber=number)["Body"].read() == body


def test_fails_where_a_large_body_is_not_what_its_checksum_says(lab: Any) -> None:
    bucket = lab.bucket()
    code, _ = lab.refusal(
        lambda: lab.s3.put_object(
            Bucket=bucket, Key="a", Body=bytes(IN_MEMORY + 1), ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="
        )
    )
    assert code == "BadDigest"
    assert lab.keys(bucket, "") == []


def test_a_part_of_a_large_object_can_be_copied_into_another(lab: Any) -> None:
    bucket, body = lab.bucket(), os.urandom(300_000)
    lab.s3.put_object(Bucket=bucket, Key="a", Body=body)
    upload = {"Bucket": bucket, "Key": "b"}
    upload["UploadId"] = lab.s3.create_multipart_upload(**upload)["UploadId"]
    source = {"CopySource": {"Bucket": bucket, "Key": "a"}, "CopySourceRange": "bytes=100000-299999"}
    tag = lab.s3.upload_part_copy(**upload, **source, PartNumber=1)["CopyPartResult"]["ETag"]
    lab.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    lab.s3.delete_object(Bucket=bucket, Key="a")
    assert lab.body(bucket, "b") == body[100_000:]
