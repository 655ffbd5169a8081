"""`--data-dir`: everything that was answered with 200 survives a restart, and nothing else."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from batch_transform.job.errors import LocalAwsError
from batch_transform.local.up import LocalAws

PART = 5 * 1024 * 1024


def without_retries(lab: Any) -> Any:
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    lab.s3 = lab.aws.session().client("s3", endpoint_url=lab.aws.endpoint_url, config=config)
    return lab


def versions(s3: Any, bucket: str) -> list[tuple[str, str, bool]]:
    listed = s3.list_object_versions(Bucket=bucket)
    found = [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
    return sorted((each["Key"], each["VersionId"], each["IsLatest"]) for each in found)


def test_all_kinds_of_objects_are_as_they_were_after_a_kill(
    make_lab: Callable[[LocalAws], Any], tmp_path: Path
) -> None:
    large = os.urandom(2 * PART + 1)
    with LocalAws(data_dir=tmp_path) as aws:
        lab, bucket = make_lab(aws), "of-all-kinds"
        lab.s3.create_bucket(Bucket=bucket)
        lab.s3.put_object(Bucket=bucket, Key="a", Body=b"before versioning")
        lab.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        lab.s3.put_object(Bucket=bucket, Key="a", Body=b"second", Tagging="x=y", Metadata={"m": "n"})
        lab.s3.upload_fileobj(io.BytesIO(large), bucket, "in parts")
        lab.s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "in parts"})
        lab.s3.put_object(Bucket=bucket, Key="a/../b//", Body=b"")
        lab.s3.delete_object(Bucket=bucket, Key="copy")
        gone = lab.s3.put_object(Bucket=bucket, Key="gone", Body=b"x")["VersionId"]
        lab.s3.delete_object(Bucket=bucket, Key="gone", VersionId=gone)
        before, heads = versions(lab.s3, bucket), lab.s3.head_object(Bucket=bucket, Key="in parts")
        os.kill(aws.pid, signal.SIGKILL)
    with LocalAws(data_dir=tmp_path) as aws:
        lab = make_lab(aws)
        assert versions(lab.s3, bucket) == before
        assert lab.keys(bucket, "") == ["a", "a/../b//", "in parts"]
        assert lab.body(bucket, "in parts") == large
        assert lab.s3.head_object(Bucket=bucket, Key="in parts")["ETag"] == heads["ETag"]
        old = lab.s3.get_object(Bucket=bucket, Key="a", VersionId="null")
        assert old["Body"].read() == b"before versioning"
        assert lab.s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == [{"Key": "x", "Value": "y"}]
        assert lab.s3.head_object(Bucket=bucket, Key="a")["Metadata"] == {"m": "n"}
        assert lab.s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        marker = next(version for key, version, _ in before if key == "copy" and len(version) > 1)
        lab.s3.delete_object(Bucket=bucket, Key="copy", VersionId=marker)
        for key, version, _ in versions(lab.s3, bucket):
            lab.s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
        lab.s3.delete_bucket(Bucket=bucket)
        assert not list((tmp_path / "objects" / "bodies").iterdir())


WRITER = """
import hashlib, sys
import boto3
from botocore.config import Config

url, bucket, name = sys.argv[1:]
s3 = boto3.client(
    "s3", endpoint_url=url, aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1",
    config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
)
for number in range(100000):
    key = f"{name}-{number % 7}"
    body = f"{key} {number} ".encode() * (20000 if number % 3 else 1)
    print("begin", key, hashlib.md5(body).hexdigest(), flush=True)
    s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"md5": hashlib.md5(body).hexdigest()})
    print("end", key, hashlib.md5(body).hexdigest(), flush=True)
"""


def test_a_kill_amid_many_writes_leaves_each_object_old_or_new(
    make_lab: Callable[[LocalAws], Any], until: Callable[..., None], tmp_path: Path
) -> None:
    bucket, data_dir = "many-writes", tmp_path / "data"
    last: dict[str, str] = {}
    for turn in range(3):
        with LocalAws(data_dir=data_dir) as aws:
            if not turn:
                aws.client("s3").create_bucket(Bucket=bucket)
            check(make_lab(aws), bucket, {key: {digest} for key, digest in last.items()})
            command = [sys.executable, "-c", WRITER, aws.endpoint_url, bucket]
            writers = [
                subprocess.Popen(
                    [*command, f"w{number}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
                )
                for number in range(3)
            ]
            said: list[list[str]] = [[] for _ in writers]
            readers = [
                threading.Thread(target=lines.extend, args=(writer.stdout,))
                for writer, lines in zip(writers, said, strict=True)
            ]
            for reader in readers:
                reader.start()
            until(lambda: sum("end" in line for lines in said for line in lines) > 15 + 8 * turn)  # noqa: B023
            os.kill(aws.pid, signal.SIGKILL)
            for writer, reader in zip(writers, readers, strict=True):
                reader.join()
                writer.communicate()
        possible = {key: {digest} for key, digest in last.items()}
        for what, key, digest in (line.split() for lines in said for line in lines):
            if what == "begin":
                possible.setdefault(key, {"absent"}).add(digest)
            else:
                possible[key] = {digest}
        assert any(len(digests) == 1 for digests in possible.values())
        with LocalAws(data_dir=data_dir) as aws:
            last = check(make_lab(aws), bucket, possible)


def check(lab: Any, bucket: str, possible: dict[str, set[str]]) -> dict[str, str]:
    """Check that each object has one of its possible values, and return the actual ones."""
    found = {}
    for key, digests in possible.items():
        try:
            answer = lab.s3.get_object(Bucket=bucket, Key=key)
        except ClientError:
            assert "absent" in digests, key
            continue
        found[key] = hashlib.md5(answer["Body"].read(), usedforsecurity=False).hexdigest()
        assert found[key] in digests, key
        assert answer["Metadata"] == {"md5": found[key]}
        assert answer["ETag"] == f'"{found[key]}"'
    assert set(lab.keys(bucket, "")) == set(found)
    return found


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a separate file system with room for 24 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a file system of its own needs the right to mount one: {error}")
    try:
        yield place
    finally:
        unmount = ["umount", "--lazy", str(place)]
        subprocess.run(unmount, check=True)


def fill(place: Path, leaving: int = 0) -> Path:
    """Fill the disk except for `leaving` bytes."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(4096))
        except OSError:
            stream.truncate(max(0, stream.tell() - leaving))
    return filler


def test_what_a_full_disk_cannot_keep_is_refused_and_what_was_there_stays(
    make_lab: Callable[[LocalAws], Any], small_disk: Path
) -> None:
    with LocalAws(data_dir=small_disk / "data") as aws:
        lab, bucket = without_retries(make_lab(aws)), "full"
        lab.s3.create_bucket(Bucket=bucket)
        for key in ("a", "b"):
            lab.s3.put_object(Bucket=bucket, Key=key, Body=key.encode() * 300_000)
        upload = {"Bucket": bucket, "Key": "in parts"}
        upload["UploadId"] = lab.s3.create_multipart_upload(**upload)["UploadId"]
        tag = lab.s3.upload_part(**upload, PartNumber=1, Body=bytes(PART))["ETag"]
        filler = fill(small_disk)
        for write in (
            lambda: lab.s3.put_object(Bucket=bucket, Key="a", Body=b"new" * 100_000),
            lambda: lab.s3.put_object(Bucket=bucket, Key="new", Body=b"n"),
            lambda: lab.s3.upload_part(**upload, PartNumber=2, Body=bytes(100_000)),
        ):
            code, message = lab.refusal(write)
            assert code == "ServiceUnavailable"
            assert (
                "No space left on device. Free space there, or choose another folder with --data-dir"
                in message
            )
        assert lab.keys(bucket, "") == ["a", "b"]
        assert lab.body(bucket, "a") == b"a" * 300_000
        filler.unlink()
        lab.s3.complete_multipart_upload(
            **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]}
        )
        lab.s3.put_object(Bucket=bucket, Key="new", Body=b"n")
        os.kill(aws.pid, signal.SIGKILL)
    with LocalAws(data_dir=small_disk / "data") as aws:
        lab = make_lab(aws)
        assert lab.keys(bucket, "") == ["a", "b", "in parts", "new"]
        assert lab.body(bucket, "a") == b"a" * 300_000
        assert lab.body(bucket, "in parts") == bytes(PART)


def test_a_job_whose_result_the_disk_cannot_keep_fails_and_says_so(
    make_lab: Callable[[LocalAws], Any], small_disk: Path
) -> None:
    with LocalAws(data_dir=small_disk / "data") as aws:
        lab = make_lab(aws)
        bucket = lab.bucket(**{"a.csv": b"id,1,2\n" * 1_500_000})
        fill(small_disk, leaving=1_000_000)
        described = lab.run(lab.request(lab.model("echo"), bucket, DataProcessing={}))
        assert described["TransformJobStatus"] == "Failed"
        assert "No space left on device" in described["FailureReason"]
        assert lab.keys(bucket) == []
        assert lab.open_uploads(bucket) == []


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")
@pytest.mark.parametrize("is_kept", [True, False])
def test_an_object_that_the_system_cannot_write_is_refused(
    make_lab: Callable[[LocalAws], Any], tmp_path: Path, *, is_kept: bool
) -> None:
    with LocalAws(data_dir=tmp_path if is_kept else None) as aws:
        lab = without_retries(make_lab(aws))
        bucket = lab.bucket(a=b"old")
        limit = 1_000_000
        if sys.platform == "linux":  # always true here; mypy needs it to find prlimit
            resource.prlimit(aws.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        code, message = lab.refusal(
            lambda: lab.s3.put_object(Bucket=bucket, Key="in/a", Body=bytes(limit + 1))
        )
        assert (code, "File too large" in message) == ("ServiceUnavailable", True)
        assert lab.body(bucket, "in/a") == b"old"


def test_fails_on_a_folder_with_objects_of_an_earlier_release(tmp_path: Path) -> None:
    (tmp_path / "s3" / "000000000000").mkdir(parents=True)
    with (
        pytest.raises(LocalAwsError, match="it holds the objects of an earlier release"),
        LocalAws(data_dir=tmp_path),
    ):
        pass
