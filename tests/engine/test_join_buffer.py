"""Records that wait for their answers, in memory and in a file."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from batch_transform.engine.join_buffer import JoinBuffer
from batch_transform.engine.records import Records

pieces = st.lists(
    st.lists(st.binary(max_size=5).map(lambda row: row.replace(b"\n", b"")), min_size=1), max_size=8
)


@given(pieces, st.integers(0, 40))
def test_records_come_back_as_they_were_added_from_memory_and_file(
    blocks: list[list[bytes]], most: int
) -> None:
    originals = JoinBuffer(most)
    line = 1
    for block in blocks:
        originals.add(Records.of_text(b"\n".join(block), line, ended=True))
        line += len(block)
    event("in a file" if sum(len(b"\n".join(block)) for block in blocks) > most else "in memory")
    for _ in range(2):
        found = list(originals)
        assert [records.items for records in found] == blocks
        assert [records.first_line for records in found] == [
            1 + sum(map(len, blocks[:number])) for number in range(len(blocks))
        ]


def test_the_file_has_no_name_and_is_deleted_with_the_buffer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    opened = Path("/proc/self/fd")
    originals = JoinBuffer(0)
    originals.add(Records.of_text(b"x" * 1000, 1, ended=True))
    assert list(tmp_path.iterdir()) == []
    if opened.exists():
        assert any(str(tmp_path) in str(link.readlink()) for link in _links(opened))
    del originals
    gc.collect()
    if opened.exists():
        assert not any(str(tmp_path) in str(link.readlink()) for link in _links(opened))


def _links(folder: Path) -> list[Path]:
    return [link for link in folder.iterdir() if link.is_symlink()]


def test_requests_that_are_kept_together_share_the_memory() -> None:
    alone, shared = JoinBuffer.shared(1), JoinBuffer.shared(8)
    assert alone._most == 8 * shared._most
