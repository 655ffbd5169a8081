from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ResponseStreamingError

from batch_transform.job.errors import InputError, TransferError
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.local.up import LocalAws
from batch_transform.runs.downloads import PARTS, Downloader, planned
from fakes.real_bucket import PassedOn, empty_bucket

BUCKET = "output"
PLACE = S3Uri(BUCKET, "churn/run")
MIB = 1024 * 1024


@dataclass
class Unsteady(PassedOn):
    """A client whose connections break after so many chunks of 1 MiB, so many times. It notes the ranges."""

    chunks: int = 0
    breaks: float = float("inf")
    error: type[BaseException] = ResponseStreamingError
    ranges: list[str] = field(default_factory=list)

    def get_object(self, **request: Any) -> Any:
        self.ranges.append(request["Range"])
        found = self.s3.get_object(**request)
        if len(self.ranges) <= self.breaks:
            found["Body"] = _Breaking(found["Body"], self)
        return found


@dataclass
class _Breaking:
    body: Any
    client: Unsteady

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        for number, chunk in enumerate(self.body.iter_chunks(size)):
            if number == self.client.chunks:
                raise (
                    ResponseStreamingError(error="reset")
                    if self.client.error is ResponseStreamingError
                    else self.client.error
                )
            yield chunk

    def close(self) -> None:
        self.body.close()


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws


@pytest.fixture
def s3(aws: LocalAws) -> Any:
    return empty_bucket(aws, BUCKET)


def put(s3: Any, name: str, content: bytes) -> bytes:
    s3.put_object(Bucket=BUCKET, Key=f"churn/run/{name}", Body=content)
    return content


def download(s3: Any, folder: Path, counts: list[int] | None = None) -> list[str]:
    """Download what isn't there yet, and return the names of it."""
    wanted = [one for one in planned(PLACE, folder, s3).objects if not one.is_there]
    done = Downloader(s3, (counts if counts is not None else []).append).download(wanted, folder)
    return [one.name for one, problem in done if problem is None]


def test_all_objects_are_downloaded_once(s3: Any, tmp_path: Path) -> None:
    put(s3, "x/a.csv.out", b"1\n")
    put(s3, "_SUCCESS", b"")
    put(s3, "folder/", b"")
    content = put(s3, "b.csv.out", os.urandom(3 * MIB))
    counts: list[int] = []
    assert download(s3, tmp_path, counts) == ["_SUCCESS", "b.csv.out", "x/a.csv.out"]
    assert sum(counts) == 3 * MIB + 2
    assert (tmp_path / "b.csv.out").read_bytes() == content
    assert {path.name for path in tmp_path.iterdir()} == {"_SUCCESS", "b.csv.out", "x"}
    assert download(s3, tmp_path) == []
    os.utime(tmp_path / "b.csv.out")  # then the ETag decides
    assert download(s3, tmp_path) == []


def test_an_interrupted_download_is_continued_where_it_ended(s3: Any, tmp_path: Path) -> None:
    content = put(s3, "a.csv.out", os.urandom(5 * MIB + 7))
    with pytest.raises(KeyboardInterrupt):
        download(Unsteady(s3, chunks=2, error=KeyboardInterrupt), tmp_path)
    assert not (tmp_path / "a.csv.out").exists()
    [part] = (tmp_path / PARTS).iterdir()
    assert part.stat().st_size == 2 * MIB
    rest, counts = Unsteady(s3, chunks=0, breaks=0), list[int]()
    assert download(rest, tmp_path, counts) == ["a.csv.out"]
    assert rest.ranges == [f"bytes={2 * MIB}-"]
    assert sum(counts) == len(content)
    assert (tmp_path / "a.csv.out").read_bytes() == content
    assert not (tmp_path / PARTS).exists()


def test_a_connection_that_ends_early_is_opened_again_for_the_rest(s3: Any, tmp_path: Path) -> None:
    content = put(s3, "a.csv.out", os.urandom(5 * MIB))
    unsteady = Unsteady(s3, chunks=2)
    assert download(unsteady, tmp_path) == ["a.csv.out"]
    assert unsteady.ranges == [f"bytes={start * MIB}-" for start in (0, 2, 4)]
    assert (tmp_path / "a.csv.out").read_bytes() == content


def test_fails_if_connections_end_without_a_new_byte(s3: Any, tmp_path: Path) -> None:
    put(s3, "a.csv.out", b"1\n")
    unsteady = Unsteady(s3, chunks=0)
    with pytest.raises(TransferError, match="the connection ended 5 times without a new byte"):
        download(unsteady, tmp_path)
    assert len(unsteady.ranges) == 5


@pytest.mark.parametrize("change", ["replaced", "deleted"])
def test_fails_if_an_object_changes_half_way_and_then_starts_again(
    s3: Any, tmp_path: Path, change: str
) -> None:
    put(s3, "a.csv.out", os.urandom(3 * MIB))
    with pytest.raises(KeyboardInterrupt):
        download(Unsteady(s3, chunks=2, error=KeyboardInterrupt), tmp_path)
    wanted = planned(PLACE, tmp_path, s3).objects
    if change == "replaced":
        content = put(s3, "a.csv.out", os.urandom(3 * MIB))
    else:
        s3.delete_object(Bucket=BUCKET, Key="churn/run/a.csv.out")
    with pytest.raises(
        TransferError, match=r"s3://output/churn/run/a\.csv\.out changed while it was downloaded"
    ):
        list(Downloader(s3).download(wanted, tmp_path))
    assert not (tmp_path / "a.csv.out").exists()
    if change == "replaced":
        assert download(s3, tmp_path) == ["a.csv.out"]
        assert (tmp_path / "a.csv.out").read_bytes() == content
        assert not (tmp_path / PARTS).exists()


def test_a_key_that_is_no_path_is_refused_and_the_others_are_downloaded(s3: Any, tmp_path: Path) -> None:
    put(s3, "../../x.out", b"1\n")
    put(s3, f"{PARTS}/x.part", b"1\n")
    put(s3, "a", b"1\n")
    put(s3, "a/b", b"1\n")
    found = planned(PLACE, tmp_path, s3)
    assert [error.name for error in found.refused] == [
        "churn/run/../../x.out",
        f"churn/run/{PARTS}/x.part",
    ]
    done = list(Downloader(s3).download(found.objects, tmp_path))
    assert [(one.name, problem is None) for one, problem in done] == [("a", True), ("a/b", False)]
    assert (tmp_path / "a").read_bytes() == b"1\n"


def test_fails_if_a_file_with_other_content_is_there(s3: Any, tmp_path: Path) -> None:
    put(s3, "a.csv.out", b"1\n")
    (tmp_path / "a.csv.out").write_text("2\n")
    found = planned(PLACE, tmp_path, s3)
    wanted = [one for one in found.objects if not one.is_there]
    with pytest.raises(
        InputError, match=r"a\.csv\.out; to replace it, add --overwrite, or choose another folder"
    ):
        found.require_replaceable(wanted)


def test_a_link_is_replaced_and_not_followed(s3: Any, tmp_path: Path) -> None:
    content = put(s3, "a.csv.out", b"1\n")
    (tmp_path / "other").write_bytes(content)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.csv.out").symlink_to(tmp_path / "other")
    assert download(s3, tmp_path / "out") == ["a.csv.out"]
    assert not (tmp_path / "out/a.csv.out").is_symlink()


def test_fails_if_another_command_downloads_to_the_folder(s3: Any, tmp_path: Path) -> None:
    put(s3, "a.csv.out", b"1\n")
    (tmp_path / PARTS).mkdir()
    lock = os.open(tmp_path / PARTS, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another command downloads to"):
            download(s3, tmp_path)
    finally:
        os.close(lock)
