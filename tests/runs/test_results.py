from __future__ import annotations

import errno
from pathlib import Path

import pytest

from batch_transform.local.up import LocalAws
from batch_transform.runs import transfers
from batch_transform.runs.results import fetch
from batch_transform.spec.s3_uri import S3Uri

KEYS = [
    "../../x",
    "/etc/x",
    "a",
    "a/b",
    "day/a.csv.out",
    "day//b",
    "day/",
    "x" * 256,
    "tab\t",
    "b",
    "\\",
    "e/",
]


class Listed:
    """An S3 that lists one object and cannot be read any more: its disk, or ours, is full."""

    def get_paginator(self, _operation: str) -> Listed:
        return self

    def paginate(self, **_place: str) -> list[dict[str, list[dict[str, object]]]]:
        return [{"Contents": [{"Key": "run/a.out", "Size": transfers.SMALL + 1}]}]

    def download_file(self, _bucket: str, _key: str, file: str) -> None:
        Path(file).write_text("half of it")
        raise OSError(errno.ENOSPC, "No space left on device", file)


def test_keys_that_are_no_paths_are_refused_by_name_and_the_others_are_copied(tmp_path: Path) -> None:
    with LocalAws() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="results")
        for key in KEYS:
            body = b"" if key == "day/" else key.encode()
            s3.put_object(Bucket="results", Key=f"out/run/{key}", Body=body)
        s3.put_object(Bucket="results", Key="out/run2/other", Body=b"of another run")
        copies = fetch(S3Uri("results", "out/run/"), tmp_path / "deep" / "run", s3)
    assert {error.name.removeprefix("out/run/") for error in copies.refused} == {
        "../../x",
        "/etc/x",
        "a/b",
        "day//b",
        "e/",
        "x" * 256,
        "tab\t",
    }
    found = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    assert set(found) == {f"deep/run/{name}" for name in ("a", "day/a.csv.out", "b", "\\")}
    assert {path: path.read_text() for path in copies.files} == {
        path: name.removeprefix("deep/run/") for name, path in found.items()
    }


def test_fails_with_the_name_of_the_file_when_the_disk_is_full_and_leaves_no_part(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left on device") as full:
        fetch(S3Uri("results", "run"), tmp_path, Listed())  # type: ignore[arg-type]  # what a copy calls
    assert full.value.filename == str(tmp_path / "a.out")
    assert list(tmp_path.iterdir()) == []
