from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.local.up import LocalAws
from batch_transform.runs import transfers
from batch_transform.runs.input_data import upload
from batch_transform.runs.results import fetch


def test_small_and_large_files_come_back_as_they_went_in_order(tmp_path: Path) -> None:
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


def test_fails_with_the_first_error_in_order_and_starts_no_more() -> None:
    seen: list[int] = []
    may_go_on = threading.Event()

    def transfer(item: int) -> None:
        seen.append(item)
        if item == 1:
            raise OSError("the second")
        if item > 1:
            may_go_on.wait(10)
            raise OSError("a later one")

    transferred = transfers.in_turn(range(1000), lambda _: 1, transfer)
    assert next(transferred) == 0
    may_go_on.set()
    with pytest.raises(OSError, match="the second"):
        next(transferred)
    assert len(seen) < 1000
