from __future__ import annotations

import gc
import hashlib
import tempfile
import zlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from batch_transform.local.emulator.storage.body import Body, BodyFolder

CUTS = st.tuples(st.integers(0, 60), st.integers(0, 60))


@given(parts=st.lists(st.binary(max_size=20), max_size=4), cuts=st.lists(CUTS, max_size=3))
def test_a_body_is_cut_joined_and_hashed_like_bytes(parts: list[bytes], cuts: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bodies = BodyFolder(Path(folder))
        # every second part is still in memory, like the small last part of an upload
        body = bodies.join(part if number % 2 else bodies.write(part) for number, part in enumerate(parts))
        expected = b"".join(parts)
        for start, end in cuts:
            body, expected = body[start:end], expected[start:end]
        assert (len(body), body.read(), bytes(body)) == (len(expected), expected, expected)
        assert body.digest("md5").digest() == hashlib.md5(expected, usedforsecurity=False).digest()
        assert body.digest("sha256").digest() == hashlib.sha256(expected).digest()
        assert body.crc32() == zlib.crc32(expected)


def test_a_file_is_deleted_with_the_last_body_that_uses_it(tmp_path: Path) -> None:
    bodies = BodyFolder(tmp_path / "bodies")
    whole = bodies.write(b"abcdef")
    part = whole[1:3]
    del whole
    gc.collect()
    assert part.read() == b"bc"
    del part
    gc.collect()
    assert not list(bodies.path.iterdir())


def test_a_kept_file_is_deleted_by_a_sweep_unless_it_was_claimed_again(tmp_path: Path) -> None:
    bodies = BodyFolder(tmp_path / "bodies", keeps_files=True)
    first, second = bodies.write(b"first"), bodies.write(b"second")
    name = first.pieces[0].file.name
    del first, second
    gc.collect()
    assert len(list(bodies.path.iterdir())) == 2
    taken_up = bodies.file(name)
    bodies.sweep()
    assert [path.name for path in bodies.path.iterdir()] == [taken_up.name]


def test_files_left_by_a_killed_process_are_deleted_at_the_start(tmp_path: Path) -> None:
    bodies = BodyFolder(tmp_path, keeps_files=True)
    (tmp_path / "left").write_bytes(b"half")
    body: Body = bodies.write(b"whole")
    bodies.sweep_all()
    assert [path.name for path in tmp_path.iterdir()] == [body.pieces[0].file.name]
