from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.errors import DataNotFoundError
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.local.up import LocalAws
from batch_transform.runs import transfers
from batch_transform.runs.results import fetch
from batch_transform.runs.transfers import upload


class FakeS3:
    """Records what is uploaded, and where."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], str] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803  # boto3's names
        self.objects[Bucket, Key] = Body.decode()


def test_a_file_is_uploaded_below_the_prefix_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1\n")
    s3 = FakeS3()
    list(upload(tmp_path / "a.csv", S3Uri("in", "churn/"), s3))  # type: ignore[arg-type]  # a partial fake
    assert s3.objects == {("in", "churn/a.csv"): "1\n"}


def test_a_folder_keeps_its_paths_and_leaves_out_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "day" / "x").mkdir(parents=True)
    (tmp_path / "day" / "x" / "a.csv").write_text("1\n")
    (tmp_path / "day" / ".DS_Store").write_text("")
    s3 = FakeS3()
    list(upload(tmp_path / "day", S3Uri("in", ""), s3))  # type: ignore[arg-type]  # a partial fake
    assert s3.objects == {("in", "x/a.csv"): "1\n"}


def test_fails_before_any_upload_if_a_path_is_too_long_for_a_key(tmp_path: Path) -> None:
    folder = tmp_path / "day" / "/".join(["x" * 200] * 6)
    folder.mkdir(parents=True)
    (folder / "z.csv").write_text("1\n")
    (tmp_path / "day" / "a.csv").write_text("1\n")
    s3 = FakeS3()
    with pytest.raises(DataNotFoundError, match="would have a key of 1,217 bytes, but S3 allows"):
        list(upload(tmp_path / "day", S3Uri("in", "churn/"), s3))  # type: ignore[arg-type]  # a partial fake
    assert s3.objects == {}


def test_small_and_large_files_come_back_unchanged_and_in_order(tmp_path: Path) -> None:
    contents = {f"{number:02d}/part": b"%d\n" % number for number in range(30)}
    contents |= {"large": b"x" * (transfers.SMALL + 1), "limit": b"y" * transfers.SMALL, "empty": b""}
    for name, content in contents.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)
    with LocalAws() as aws:
        s3: Any = aws.client("s3")
        s3.create_bucket(Bucket="files")
        sent = [target.key for _, target in upload(tmp_path / "in", S3Uri("files", "x"), s3)]
        copies = fetch(S3Uri("files", "x"), tmp_path / "out", s3)
    assert sent == [f"x/{name}" for name in sorted(contents)]
    found = {path.relative_to(tmp_path / "out").as_posix(): path.read_bytes() for path in copies.files}
    assert found == contents
    assert list(found) == sorted(contents)
    assert {path.name for path in (tmp_path / "out").iterdir() if path.is_file()} == {
        "empty",
        "large",
        "limit",
    }


def test_fails_with_the_first_error_in_order_and_starts_no_more_transfers() -> None:
    seen: list[int] = []
    may_continue = threading.Event()

    def transfer(item: int) -> None:
        seen.append(item)
        if item == 1:
            raise OSError("the second")
        if item > 1:
            may_continue.wait(10)
            raise OSError("a later one")

    transferred = transfers.in_turn(range(1000), lambda _: 1, transfer)
    assert next(transferred) == 0
    may_continue.set()
    with pytest.raises(OSError, match="the second"):
        next(transferred)
    assert len(seen) < 1000
