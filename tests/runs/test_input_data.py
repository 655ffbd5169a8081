from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from batch_transform.job.errors import DataNotFoundError
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.runs.input_data import files_of, upload


class FakeS3:
    """Remembers what was uploaded, and where to."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], str] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803  # boto3's names
        self.objects[Bucket, Key] = Body.decode()


def test_a_file_lands_below_the_prefix_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1\n")
    s3 = FakeS3()
    list(upload(tmp_path / "a.csv", S3Uri("in", "churn/"), s3))  # type: ignore[arg-type]  # the fake has the one method
    assert s3.objects == {("in", "churn/a.csv"): "1\n"}


def test_a_folder_keeps_its_paths_and_leaves_out_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "day" / "x").mkdir(parents=True)
    (tmp_path / "day" / "x" / "a.csv").write_text("1\n")
    (tmp_path / "day" / ".DS_Store").write_text("")
    s3 = FakeS3()
    list(upload(tmp_path / "day", S3Uri("in", ""), s3))  # type: ignore[arg-type]  # the fake has the one method
    assert s3.objects == {("in", "x/a.csv"): "1\n"}


def test_fails_on_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no such file or folder"):
        files_of(tmp_path / "none")


def test_fails_on_a_folder_without_files(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="the folder has no files"):
        files_of(tmp_path)


def test_fails_on_a_folder_with_something_that_would_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1\n")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataNotFoundError, match=r"pipe is a named pipe \(FIFO\), not a regular file"):
        files_of(tmp_path)
    (tmp_path / "pipe").unlink()
    (tmp_path / "gone.csv").symlink_to("nowhere.csv")
    with pytest.raises(DataNotFoundError, match=r"gone\.csv is a broken link"):
        files_of(tmp_path)


def test_fails_on_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataNotFoundError, match=r"it is a named pipe \(FIFO\), not a file or folder"):
        files_of(tmp_path / "pipe")


def test_names_that_begin_with_a_dot_are_left_out_whether_of_files_or_of_folders(tmp_path: Path) -> None:
    for name in ("part-0.csv", "_SUCCESS", "_tmp/a.csv", ".part-0.csv.crc", ".ipynb_checkpoints/part-0.csv"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text("1\n")
    (tmp_path / "data" / "_tmp" / ".DS_Store").write_text("")
    found = files_of(tmp_path / "data")
    assert [file.relative_to(tmp_path / "data").as_posix() for file in found.files] == [
        "_SUCCESS",
        "_tmp/a.csv",
        "part-0.csv",
    ]
    assert found.left_out == (".ipynb_checkpoints/", ".part-0.csv.crc", "_tmp/.DS_Store")


def test_a_hidden_file_or_folder_that_is_named_itself_is_read(tmp_path: Path) -> None:
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "a.csv").write_text("1\n")
    (tmp_path / ".b.csv").write_text("1\n")
    assert files_of(tmp_path / ".data").files == (tmp_path / ".data" / "a.csv",)
    assert files_of(tmp_path / ".b.csv").files == (tmp_path / ".b.csv",)


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.csv").write_text("1\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "day").symlink_to("../real")
    assert files_of(tmp_path / "data").files == (tmp_path / "data" / "day" / "a.csv",)


def test_fails_on_a_link_to_the_folder_around_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "again").symlink_to("../data")
    with pytest.raises(DataNotFoundError, match="again is a link to a folder that contains it"):
        files_of(tmp_path / "data")


def test_fails_on_a_folder_with_hidden_files_only_and_names_them(tmp_path: Path) -> None:
    (tmp_path / ".a.csv").write_text("1\n")
    with pytest.raises(
        DataNotFoundError, match=r"has no files except \.a\.csv, whose names begin with a dot"
    ):
        files_of(tmp_path)


def test_fails_on_a_path_that_is_too_long_for_a_key_before_anything_is_uploaded(tmp_path: Path) -> None:
    folder = tmp_path / "day" / "/".join(["x" * 200] * 6)
    folder.mkdir(parents=True)
    (folder / "z.csv").write_text("1\n")
    (tmp_path / "day" / "a.csv").write_text("1\n")
    s3 = FakeS3()
    with pytest.raises(DataNotFoundError, match="would have a key of 1,217 bytes, but S3 allows"):
        list(upload(tmp_path / "day", S3Uri("in", "churn/"), s3))  # type: ignore[arg-type]  # the fake has the one method
    assert s3.objects == {}


@pytest.mark.skipif(sys.platform == "darwin", reason="file names on macOS are UTF-8")
def test_fails_on_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"odd\xff.csv")
    odd.write_text("1\n")
    for path in (odd, tmp_path):
        with pytest.raises(DataNotFoundError, match=r"odd\\udcff\.csv' has a name that is not UTF-8"):
            files_of(path)
