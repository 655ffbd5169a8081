from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.errors import DataNotFoundError, UnfitDataError
from batch_transform.job.files.input_files import files_of, require_fit


def test_fails_on_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no such file or folder"):
        files_of(tmp_path / "none")


def test_fails_on_a_folder_without_files(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="the folder has no files"):
        files_of(tmp_path)


def test_fails_on_a_folder_with_something_that_cannot_be_read(tmp_path: Path) -> None:
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


def test_a_hidden_file_or_folder_that_is_given_explicitly_is_read(tmp_path: Path) -> None:
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


@pytest.mark.skipif(sys.platform == "darwin", reason="file names on macOS are UTF-8")
def test_fails_on_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"odd\xff.csv")
    odd.write_text("1\n")
    for path in (odd, tmp_path):
        with pytest.raises(DataNotFoundError, match=r"odd\\udcff\.csv' has a name that is not UTF-8"):
            files_of(path)


def a_request(data_type: str = "S3Prefix", **members: Any) -> dict[str, Any]:
    place = {"S3DataSource": {"S3DataType": data_type, "S3Uri": "s3://b/in/"}}
    return {"TransformInput": {"DataSource": place, "ContentType": "text/csv"}, **members}


def files(folder: Path, **contents: bytes) -> list[Path]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return sorted(folder.iterdir())


def test_fails_for_every_unfit_file_at_once_and_names_them(tmp_path: Path) -> None:
    found = files(tmp_path, good=b"1,2\n", empty=b"", mark=b"\xef\xbb\xbf1,2\n", packed=b"\x1f\x8b\x08")
    with pytest.raises(UnfitDataError) as refused:
        require_fit(found, a_request())
    mark, packed = str(refused.value).split("\n")
    assert mark.startswith(f"{tmp_path / 'mark'} begins with a byte order mark")
    assert packed.startswith(f"{tmp_path / 'packed'} is gzip data")
    require_fit(found, a_request("ManifestFile"))


def test_fails_for_a_file_that_is_too_large_for_a_request(tmp_path: Path) -> None:
    found = files(tmp_path, large=b"x" * (2**20 + 1), small=b"x" * 2**20)
    with pytest.raises(
        UnfitDataError, match=r"^[^\n]*large is not split, so it is one request of 1,048,577 bytes[^\n]*$"
    ):
        require_fit(found, a_request(MaxPayloadInMB=1))
    require_fit(found, a_request(MaxPayloadInMB=2))
