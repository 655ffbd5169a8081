"""Bytes, split into records."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine import records as records_module
from batch_transform.engine.records import WHOLE_OBJECT, Records, read_records, record_at
from batch_transform.engine.settings import MIB, Settings, effective_settings
from batch_transform.job.errors import RecordError
from engine.fake_world import SlowDrip, request
from engine.reference import split_after_newlines

LINES = effective_settings(request(), {})
WHOLE = effective_settings(request(split_type="None"), {})
ZIPPED = effective_settings(request(compression_type="Gzip"), {})


def read(data: bytes, settings: Settings, step: int | None = None) -> list[bytes]:
    """All records, each with the newline it has, after a check of the line numbers."""
    found: list[bytes] = []
    for block in read_records(SlowDrip(data, step), settings):
        assert block.first_line == (len(found) + 1 if settings.split_lines else WHOLE_OBJECT)
        *most, last = block.items
        found += [*(item + b"\n" for item in most), last + b"\n" if block.ended else last]
    return found


@given(
    st.binary(max_size=40) | st.text(alphabet="a\r\n", max_size=40).map(str.encode),
    st.integers(1, 10) | st.none(),
)
def test_lines_end_after_each_newline_byte_and_nowhere_else(data: bytes, step: int | None) -> None:
    assert read(data, LINES, step) == split_after_newlines(data)


@given(st.binary(max_size=40), st.integers(1, 10) | st.none())
def test_an_object_that_is_not_split_is_one_record_even_when_empty(data: bytes, step: int | None) -> None:
    assert read(data, WHOLE, step) == [data]


@given(st.text(alphabet="ab\n", max_size=40).map(str.encode), st.integers(1, 10) | st.none())
def test_gzip_with_several_members_is_decompressed(data: bytes, step: int | None) -> None:
    zipped = gzip.compress(data[:7]) + gzip.compress(data[7:])
    assert read(zipped, ZIPPED, step) == split_after_newlines(data)


def test_gzip_is_decompressed_in_pieces() -> None:
    zipped = gzip.compress(b"x" * 99 + b"\n") * 10_000
    blocks = [len(block.text) for block in read_records(SlowDrip(zipped, None), ZIPPED)]
    assert max(blocks) < MIB


@pytest.mark.parametrize(
    "data",
    [b"1,2\n", gzip.compress(b"1,2\n" * 99)[:-9], gzip.compress(b"1")[:-1] + b"x"],
    ids=["plain text", "cut short", "wrong length at its end"],
)
def test_fails_for_an_invalid_gzip_file(data: bytes) -> None:
    with pytest.raises(RecordError, match="isn't a valid gzip file"):
        read(data, ZIPPED)


def test_fails_for_a_line_that_is_too_long_and_shows_its_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records_module, "_LONGEST", MIB)
    with pytest.raises(RecordError) as failure:
        read(b"1\n" + b"x" * (MIB + 1), LINES, 50)
    assert failure.value.log_lines == (
        "the record is longer than 1 MiB, more than any request can carry",
        f"this is line 2 of the object, which begins '{'x' * 60}'...; is SplitType Line right for this object?",
    )
    assert failure.value.line == 2
    assert read(b"1\n" + b"x" * MIB, LINES) == [b"1\n", b"x" * MIB]


@pytest.mark.parametrize(
    ("settings", "most", "limit"),
    [
        (WHOLE, 6, "MaxPayloadInMB=6 allows"),
        (effective_settings(request(split_type="None", MaxPayloadInMB=9), {}), 9, "MaxPayloadInMB=9 allows"),
        (effective_settings(request(split_type="None", input_filter="$[0]"), {}), 100, "100 MiB"),
    ],
    ids=["default", "raised", "filtered before it is sent"],
)
def test_fails_for_an_object_that_is_too_large_to_be_one_record_and_reads_no_more_of_it(
    settings: Settings, most: int, limit: str
) -> None:
    endless = Endless(300 * MIB)
    with pytest.raises(RecordError) as failure:
        list(read_records(endless, settings))
    assert endless.read_bytes <= (most + 1) * MIB
    what, where = failure.value.log_lines
    assert what == f"the object is one record, and larger than {limit}"
    assert where.startswith("this is the whole object, which begins 'xxx")
    assert failure.value.line == WHOLE_OBJECT
    for advice in ("set SplitType", "raise MaxPayloadInMB", "0 to stream"):
        assert advice in where


def test_an_object_of_exactly_the_payload_is_one_record() -> None:
    assert read(b"x" * 6 * MIB, WHOLE) == [b"x" * 6 * MIB]


class Endless:
    """A stream of lines that was never in memory."""

    def __init__(self, size: int) -> None:
        self._left = size
        self.read_bytes = 0

    def read(self, size: int, /) -> bytes:
        taken = min(size, self._left)
        self._left -= taken
        self.read_bytes += taken
        return (b"x" * 99 + b"\n") * (taken // 100 + 1) if taken else b""


def test_memory_stays_flat_as_the_object_grows() -> None:
    def peak(blocks: Iterator[object]) -> int:
        tracemalloc.start()
        for _ in blocks:
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    small, large = (peak(iter(read_records(Endless(size), LINES))) for size in (2_000_000, 40_000_000))
    assert large < small * 1.5


def test_a_whole_object_is_one_record_however_many_lines_it_has() -> None:
    records = Records.of_text(b"1\n2\n3", WHOLE_OBJECT, ended=False)
    assert (records.items, records.count) == ([b"1\n2\n3"], 1)


def test_gzip_is_decompressed_only_if_the_job_says_so() -> None:
    zipped = gzip.compress(b"1,2\n")
    assert b"".join(read(zipped, replace(ZIPPED, is_gzip=False))) == zipped


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        (b"1,2", "'1,2'"),
        (b"x" * 60, f"'{'x' * 60}'"),
        (b"x" * 61, f"'{'x' * 60}'..."),
        (b"caf\xe9", "'caf\ufffd'"),
    ],
    ids=["short", "of 60 bytes", "longer", "not UTF-8"],
)
def test_a_record_is_named_by_its_line_and_its_first_60_bytes(record: bytes, shown: str) -> None:
    assert record_at(7, record, "fix it") == f"this is line 7 of the object, which begins {shown}; fix it"


def test_a_record_without_a_line_is_the_whole_object_and_one_of_another_unit_is_named_by_that() -> None:
    assert record_at(0, b"x", "fix it").startswith("this is the whole object, which")
    assert record_at(3, b"x", "fix it", "record").startswith("this is record 3 of the object, which")
