from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_transform.runs.input_data import files_of, upload
from batch_transform.spec.errors import DataNotFoundError
from batch_transform.spec.s3_uri import S3Uri


class FakeS3:
    """Remembers what was uploaded, and where to."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], str] = {}

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self.objects[bucket, key] = Path(path).read_text()


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
    with pytest.raises(DataNotFoundError, match="holds no file"):
        files_of(tmp_path)


def test_fails_on_a_folder_with_something_that_would_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1\n")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataNotFoundError, match=r"pipe is a named pipe \(FIFO\), and only files are read"):
        files_of(tmp_path)
    (tmp_path / "pipe").unlink()
    (tmp_path / "gone.csv").symlink_to("nowhere.csv")
    with pytest.raises(DataNotFoundError, match=r"gone\.csv is a link to nothing"):
        files_of(tmp_path)


def test_fails_on_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataNotFoundError, match=r"it is a named pipe \(FIFO\), and only files are read"):
        files_of(tmp_path / "pipe")
