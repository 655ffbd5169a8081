from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.errors import DataNotFoundError, InputError, TransferError
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.local.up import LocalAws
from batch_transform.runs.uploads import PART, Outcome, Uploader, planned, require_replaceable
from fakes.real_bucket import PassedOn, empty_bucket

BUCKET = "input"
PLACE = S3Uri(BUCKET, "churn/")


@dataclass
class Interrupted(PassedOn):
    """A client that passes some parts on, and is interrupted at the next one. It notes the numbers of those it sent."""

    parts: float = float("inf")
    sent: list[int] = field(default_factory=list)
    alone: threading.Lock = field(default_factory=threading.Lock)

    def upload_part(self, **request: Any) -> Any:
        with self.alone:
            if len(self.sent) >= self.parts:
                raise KeyboardInterrupt
            done = self.s3.upload_part(**request)
            self.sent.append(request["PartNumber"])
            return done


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws


@pytest.fixture
def s3(aws: LocalAws) -> Any:
    return empty_bucket(aws, BUCKET)


def content(s3: Any, key: str) -> bytes:
    found: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return found


def uploader(s3: Any, on_bytes: Any = lambda _count: None) -> Uploader:
    return Uploader(s3, on_bytes)


def large(folder: Path) -> Path:
    file = folder / "large.csv"
    file.write_bytes(os.urandom(3 * PART + 5))
    return file


def test_files_and_folders_are_uploaded_and_each_byte_is_reported_once(s3: Any, tmp_path: Path) -> None:
    (tmp_path / "day/x").mkdir(parents=True)
    (tmp_path / "day/x/a.csv").write_text("1\n")
    (tmp_path / "day/.hidden").write_text("1\n")
    (tmp_path / "empty.csv").touch()
    file = large(tmp_path)
    counts: list[int] = []
    uploads = planned([tmp_path / "day", tmp_path / "empty.csv", file], PLACE)
    done = list(uploader(s3, counts.append).upload(uploads.files))
    assert [(one.target.key, outcome) for one, outcome in done] == [
        ("churn/empty.csv", Outcome.UPLOADED),
        ("churn/large.csv", Outcome.UPLOADED),
        ("churn/x/a.csv", Outcome.UPLOADED),
    ]
    assert sum(counts) == uploads.size == 3 * PART + 5 + 2
    assert uploads.left_out == (".hidden",)
    assert content(s3, "churn/large.csv") == file.read_bytes()
    assert content(s3, "churn/x/a.csv") == b"1\n"
    assert set(uploader(s3).existing(uploads).values()) == {True}


def test_an_interrupted_upload_is_continued_with_the_parts_that_s3_lacks(s3: Any, tmp_path: Path) -> None:
    file = large(tmp_path)
    uploads = planned([file], PLACE)
    first = Interrupted(s3, parts=2)
    with pytest.raises(KeyboardInterrupt):
        list(uploader(first).upload(uploads.files))
    assert uploader(s3).existing(uploads) == {}
    second, counts = Interrupted(s3), list[int]()
    [(_, outcome)] = uploader(second, counts.append).upload(uploads.files)
    assert outcome is Outcome.CONTINUED
    assert sorted(first.sent + second.sent) == [1, 2, 3, 4]
    assert sum(counts) == uploads.size
    assert content(s3, "churn/large.csv") == file.read_bytes()
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)


def test_an_unfinished_upload_of_other_content_is_neither_continued_nor_aborted(
    s3: Any, tmp_path: Path
) -> None:
    file = large(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        list(uploader(Interrupted(s3, parts=2)).upload(planned([file], PLACE).files))
    file.write_bytes(os.urandom(2 * PART))
    [(_, outcome)] = uploader(s3).upload(planned([file], PLACE).files)
    assert outcome is Outcome.UPLOADED
    assert content(s3, "churn/large.csv") == file.read_bytes()
    assert len(s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]) == 1


@pytest.mark.parametrize("change", ["longer", "shorter", "touched"])
def test_fails_if_a_file_changes_while_it_is_uploaded(s3: Any, tmp_path: Path, change: str) -> None:
    file = large(tmp_path)
    uploads = planned([file], PLACE)
    if change == "touched":
        os.utime(file, ns=(1, 1))
    else:
        os.truncate(file, 4 * PART if change == "longer" else PART)
    with pytest.raises(
        TransferError, match=r"large\.csv changed while it was uploaded; run the command again"
    ):
        list(uploader(s3).upload(uploads.files))
    assert uploader(s3).existing(planned([tmp_path], PLACE)) == {}


def test_objects_that_other_tools_uploaded_are_recognized(s3: Any, tmp_path: Path) -> None:
    file, small = large(tmp_path), tmp_path / "small.csv"
    small.write_text("1\n")
    for one in (file, small):
        s3.upload_file(str(one), BUCKET, f"churn/{one.name}")
    assert list(uploader(s3).existing(planned([tmp_path], PLACE)).values()) == [True, True]


@pytest.mark.parametrize("size", [2, PART + 1])
def test_an_object_of_other_content_is_different_even_at_the_same_size(
    s3: Any, tmp_path: Path, size: int
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"x" * size)
    list(uploader(s3).upload(planned([file], PLACE).files))
    file.write_bytes(b"x" * (size - 1) + b"y")
    found = uploader(s3).existing(planned([file], PLACE))
    assert list(found.values()) == [False]
    with pytest.raises(InputError, match=r"s3://input/churn/a\.csv; to replace it, add --overwrite"):
        require_replaceable(found)


def test_an_object_under_kms_whose_checksum_nobody_kept_counts_as_different(
    aws: LocalAws, s3: Any, tmp_path: Path
) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    file = tmp_path / "a.csv"
    file.write_text("1\n")
    s3.put_object(
        Bucket=BUCKET,
        Key="churn/a.csv",
        Body=file.read_bytes(),
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=key,
    )
    assert list(uploader(s3).existing(planned([file], PLACE)).values()) == [False]


@dataclass
class Counted(PassedOn):
    """A client that notes which keys it was asked for one by one, and how many pages it listed, of two keys each."""

    asked: list[str] = field(default_factory=list)
    pages: int = 0
    paginator: Any = None

    def head_object(self, **request: Any) -> Any:
        self.asked.append(request["Key"])
        return self.s3.head_object(**request)

    def get_paginator(self, operation: str) -> Any:
        self.paginator = self.s3.get_paginator(operation)
        return self

    def paginate(self, **request: Any) -> Iterator[Any]:
        for page in self.paginator.paginate(**request, PaginationConfig={"PageSize": 2}):
            self.pages += 1
            yield page


@pytest.mark.parametrize("others", [3, 50])
def test_many_files_are_looked_for_in_a_listing_that_others_objects_cannot_make_long(
    s3: Any, tmp_path: Path, others: int
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number:02d}.csv").write_text(f"{number}\n")
    for key, text in (("05.csv", "5\n"), ("06.csv", "another\n"), ("07.csv", "8\n")):
        s3.put_object(Bucket=BUCKET, Key=f"churn/{key}", Body=text)
    for number in range(others):
        s3.put_object(Bucket=BUCKET, Key=f"churn/10.csv.{number:02d}", Body=b"")
        s3.put_object(Bucket=BUCKET, Key=f"churn/z{number:02d}", Body=b"")
    counted = Counted(s3)
    found = uploader(counted).existing(planned([folder], PLACE))
    assert {one.file.name: same for one, same in found.items()} == {
        "05.csv": True,
        "06.csv": False,
        "07.csv": False,
    }
    beyond = {f"churn/{number:02d}.csv" for number in range(11, 30)} if others == 50 else set()
    assert set(counted.asked) == {"churn/05.csv", "churn/07.csv"} | beyond
    assert counted.pages == (15 if others == 50 else 4)


def test_fails_before_any_upload_for_two_files_with_the_same_key(tmp_path: Path) -> None:
    for folder in ("monday", "tuesday"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.csv").write_text("1\n")
    with pytest.raises(InputError, match=r"would both become s3://input/churn/a\.csv; rename one of them"):
        planned([tmp_path / "monday", tmp_path / "tuesday/a.csv"], PLACE)


def test_fails_for_a_path_without_data(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="nowhere: there is no such file or folder"):
        planned([tmp_path / "nowhere"], PLACE)


def test_parts_are_larger_if_a_file_would_have_more_than_10_000(tmp_path: Path) -> None:
    file = tmp_path / "sparse.csv"
    with file.open("wb") as sparse:
        sparse.truncate(100_000 * 1024 * 1024)
    [one] = planned([file], PLACE).files
    assert (one.part_size, len(one.parts())) == (10 * 1024 * 1024, 10_000)
