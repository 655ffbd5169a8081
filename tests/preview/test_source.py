from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from batch_transform.job.errors import DataNotFoundError, InputError
from batch_transform.preview.source import first_in_manifest, open_source


class FakeS3:
    """A bucket whose object bodies record whether they were closed."""

    def __init__(self, objects: dict[str, bytes], *, error: Exception | None = None) -> None:
        self.bodies: dict[str, io.BytesIO] = {}
        self._objects = objects
        self._error = error

    def get_paginator(self, operation: str) -> FakeS3:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803 - AWS's names
        if self._error:
            raise self._error
        assert Bucket == "in-bucket"
        found = [key for key in sorted(self._objects) if key.startswith(Prefix)]
        return [{"Contents": [{"Key": key, "Size": len(self._objects[key])} for key in found]}]

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        assert Bucket == "in-bucket"
        self.bodies[Key] = io.BytesIO(self._objects[Key])
        return {"Body": self.bodies[Key]}


def no_s3() -> Any:
    raise AssertionError("a local file needs no client")


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1,2\n")
    with open_source(str(tmp_path / "a.csv"), no_s3) as source:
        assert (source.name, source.size, source.stream.read(9)) == (str(tmp_path / "a.csv"), 4, b"1,2\n")


def test_the_first_file_of_a_folder_is_read(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".hidden"):
        (tmp_path / name).write_text(name)
    with open_source(str(tmp_path), no_s3) as source:
        assert source.stream.read(9) == b"a.csv"


def test_the_first_object_below_a_prefix_is_read_and_closed() -> None:
    s3 = FakeS3({"day/": b"", "day/a.csv": b"1,2\n", "day/b.csv": b"3,4\n"})
    with open_source("s3://in-bucket/day/", lambda: s3) as source:
        assert (source.name, source.size) == ("s3://in-bucket/day/a.csv", 4)
        assert source.stream.read(2) == b"1,"
    assert s3.bodies["day/a.csv"].closed


def test_the_first_object_of_a_manifest_is_found() -> None:
    s3 = FakeS3(
        {
            "list": b'[{"prefix": "s3://in-bucket/day/"}, "b.csv", "a.csv"]',
            "empty": b'[{"prefix": "s3://x/"}]',
        }
    )
    assert first_in_manifest("s3://in-bucket/list", lambda: s3) == "s3://in-bucket/day/b.csv"
    with pytest.raises(DataNotFoundError, match="lists no objects"):
        first_in_manifest("s3://in-bucket/empty", lambda: s3)


def test_fails_for_an_invalid_manifest() -> None:
    with pytest.raises(InputError, match="the manifest is not of the form"):
        first_in_manifest("s3://in-bucket/list", lambda: FakeS3({"list": b"1,2"}))


@pytest.mark.parametrize("place", ["nope.csv", "s3://in-bucket/nope"])
def test_fails_if_there_is_nothing_to_read(place: str) -> None:
    with pytest.raises(DataNotFoundError, match=r"--input .*nope"), open_source(place, lambda: FakeS3({})):
        pass


def test_fails_if_a_folder_is_empty(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError), open_source(str(tmp_path), no_s3):
        pass


@pytest.mark.parametrize(
    "error",
    [
        NoCredentialsError(),
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjectsV2"),
    ],
)
def test_fails_if_aws_does_not_answer(error: Exception) -> None:
    with (
        pytest.raises(InputError, match="s3://in-bucket/x cannot be read"),
        open_source("s3://in-bucket/x", lambda: FakeS3({}, error=error)),
    ):
        pass


def test_a_pipe_from_the_shell_is_read() -> None:
    """For example, `--input <(zcat rows.csv.gz)`."""
    reader, writer = os.pipe()
    os.write(writer, b"1,2\n")
    os.close(writer)
    with open_source(f"/dev/fd/{reader}", no_s3) as source:
        assert (source.size, source.stream.read(9)) == (0, b"1,2\n")
    os.close(reader)


def test_fails_for_a_named_pipe_because_it_may_never_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(InputError, match=r"it is a named pipe \(FIFO\), not a regular file"),
        open_source(str(tmp_path / "pipe"), no_s3),
    ):
        pass
