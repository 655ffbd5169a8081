from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from batch_transform.job.model.source_folder import pack_model


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "code" / "__pycache__").mkdir(parents=True)
    (folder / "code" / "inference.py").write_text("def model_fn(model_dir): ...\n")
    (folder / "code" / "__pycache__" / "inference.pyc").write_bytes(b"\0")
    (folder / "weights.bin").write_bytes(b"1234")
    return folder


def test_paths_are_relative_to_the_folder_and_caches_are_left_out(source: Path, tmp_path: Path) -> None:
    with tarfile.open(pack_model(source, tmp_path / "model.tar.gz"), "r:gz") as archive:
        assert archive.getnames() == ["code/inference.py", "weights.bin"]
        member = archive.extractfile("weights.bin")
        assert member is not None
        assert member.read() == b"1234"


def test_the_same_files_make_the_same_bytes_whatever_their_times(source: Path, tmp_path: Path) -> None:
    first = pack_model(source, tmp_path / "first.tar.gz").read_bytes()
    os.utime(source / "weights.bin", (1, 1))
    assert pack_model(source, tmp_path / "second.tar.gz").read_bytes() == first


def test_different_content_makes_a_different_archive(source: Path, tmp_path: Path) -> None:
    first = pack_model(source, tmp_path / "first.tar.gz").read_bytes()
    (source / "weights.bin").write_bytes(b"1235")
    assert pack_model(source, tmp_path / "second.tar.gz").read_bytes() != first
