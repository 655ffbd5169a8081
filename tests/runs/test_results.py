from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_transform.job.errors import ResultsError
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.local.up import LocalAws
from batch_transform.runs import transfers
from batch_transform.runs.results import Copies, copy_results, fetch

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


class FailingS3:
    """An S3 that lists one object whose download fails: its disk, or this machine's, is full."""

    def get_paginator(self, _operation: str) -> FailingS3:
        return self

    def paginate(self, **_place: str) -> list[dict[str, list[dict[str, object]]]]:
        return [{"Contents": [{"Key": "run/a.out", "Size": transfers.SMALL + 1}]}]

    def download_file(self, _bucket: str, _key: str, file: str) -> None:
        Path(file).write_text("half of it")
        raise OSError(errno.ENOSPC, "No space left on device", file)


def test_keys_that_are_not_paths_are_reported_and_the_others_are_copied(tmp_path: Path) -> None:
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


def test_fails_with_the_files_name_when_the_disk_is_full_and_leaves_no_partial_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left on device") as full:
        fetch(S3Uri("results", "run"), tmp_path, FailingS3())  # type: ignore[arg-type]  # a partial fake
    assert full.value.filename == str(tmp_path / "a.out")
    assert list(tmp_path.iterdir()) == []


class FullDisks(FailingS3):
    """Fails the first downloads to each of the given folders."""

    def __init__(self, *full: Path, times: int = 100) -> None:
        self._full = full
        self._left = times

    def download_file(self, _bucket: str, _key: str, file: str) -> None:
        if self._left and any(folder in Path(file).parents for folder in self._full):
            self._left -= 1
            super().download_file(_bucket, _key, file)
        Path(file).write_text("all of it")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def copied(s3: FullDisks, out: Path, ask_again: Callable[[str], bool] = lambda _: False) -> Copies:
    return copy_results(S3Uri("results", "run"), out, s3, ask_again=ask_again)  # type: ignore[arg-type]  # a partial fake


def test_results_are_copied_elsewhere_if_the_disk_is_full(tmp_path: Path, temporary: Path) -> None:
    out = tmp_path / "out"
    copies = copied(FullDisks(out), out)
    [file] = copies.files
    assert (file.read_text(), file.parent, file.parent.parent) == ("all of it", copies.folder, temporary)
    with pytest.raises(
        ResultsError, match=rf"^{out}/a\.out: No space left on device; all results are in {copies.folder} "
    ):
        copies.require_whole()


def test_a_person_is_asked_to_free_space_if_both_disks_are_full(tmp_path: Path, temporary: Path) -> None:
    out = tmp_path / "out"
    asked: list[str] = []

    def ask(problem: str) -> bool:
        asked.append(problem)
        return True

    copies = copied(FullDisks(tmp_path, times=2), out, ask)
    assert [file.read_text() for file in copies.files] == ["all of it"]
    copies.require_whole()
    [problem] = asked
    assert problem.startswith(f"{out}/a.out: No space left on device; {temporary}/batch-transform-results-")
    assert list(temporary.iterdir()) == []


def test_fails_with_what_is_lost_if_nobody_can_be_asked(tmp_path: Path, temporary: Path) -> None:
    with pytest.raises(
        ResultsError, match="the others were lost with the local AWS; free space, or name another folder"
    ):
        copied(FullDisks(tmp_path), tmp_path / "out")
    assert list(temporary.iterdir()) == []
