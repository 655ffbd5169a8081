"""Binary records, each in a frame."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine import records as records_module
from batch_transform.engine.framed import masked_crc, read_framed
from batch_transform.engine.settings import effective_settings
from batch_transform.job.errors import RecordError
from engine.fake_world import SlowDrip, request, run_job

MAGIC = struct.pack("<I", 0xCED7230A)


def slow_crc32c(data: bytes) -> int:
    """RFC 3720's CRC, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def crc(data: bytes) -> bytes:
    value = slow_crc32c(data)
    return struct.pack("<I", (((value >> 15) | (value << 17) & 0xFFFFFFFF) + 0xA282EAD8) % 2**32)


def tfrecord(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + crc(length) + data + crc(data)


def part(kind: int, data: bytes) -> bytes:
    return MAGIC + struct.pack("<I", kind << 29 | len(data)) + data + b"\0" * (-len(data) % 4)


def recordio(data: bytes) -> bytes:
    first, *more = data.split(MAGIC)
    if not more:
        return part(0, first)
    return part(1, first) + b"".join(part(2, middle) for middle in more[:-1]) + part(3, more[-1])


FRAMES = {"RecordIO": recordio, "TFRecord": tfrecord}
payloads = st.lists(
    st.binary(max_size=20) | st.lists(st.sampled_from([MAGIC, b"x", b"abcd"]), max_size=4).map(b"".join),
    max_size=5,
)


@pytest.mark.parametrize("split_type", sorted(FRAMES))
@given(data=payloads, step=st.integers(1, 7) | st.none())
def test_records_are_read_with_their_frames(split_type: str, data: list[bytes], step: int | None) -> None:
    frames = [FRAMES[split_type](each) for each in data]
    settings = effective_settings(request(split_type=split_type), {})
    found = list(read_framed(SlowDrip(b"".join(frames), step), settings))
    assert [(each.data, each.frame) for each in found] == list(zip(data, frames, strict=True))


def test_the_checksum_of_the_standards_example_is_right() -> None:
    assert slow_crc32c(b"123456789") == 0xE3069283
    assert struct.pack("<I", masked_crc(b"123456789")) == crc(b"123456789")


@pytest.mark.parametrize("split_type", sorted(FRAMES))
def test_single_record_sends_the_data_and_multi_record_the_frames(split_type: str) -> None:
    data = [b"one", b"", b"three" * 5]
    frames = [FRAMES[split_type](each) for each in data]
    job = request(content_type="application/x-recordio-protobuf", accept=None, split_type=split_type)
    single = run_job({"a": b"".join(frames)}, lambda _: b"!", {**job, "BatchStrategy": "SingleRecord"})
    assert single.model.bodies == data
    assert (single.out("a.out"), single.outcome.progress.records) == (b"!\n!\n!\n", 3)
    multi = run_job({"a": b"".join(frames)}, lambda _: b"!", job)
    assert multi.model.bodies == [b"".join(frames)]
    assert multi.outcome.progress.records == 3


def test_frames_fill_bodies_up_to_the_payload() -> None:
    frame = tfrecord(b"x" * 400_000)
    ran = run_job({"a": frame * 5}, lambda _: b"!", request(split_type="TFRecord", MaxPayloadInMB=1))
    assert ran.model.bodies == [frame * 2, frame * 2, frame]


def test_fails_for_a_framed_record_that_is_too_large_by_itself() -> None:
    job = request(split_type="RecordIO", MaxPayloadInMB=1)
    ran = run_job({"a": recordio(b"x") + recordio(b"y" * 2**20)}, lambda _: b"!", job)
    assert "more than MaxPayloadInMB=1 allows" in ran.log[1]
    assert "this is record 2 of the object" in ran.log[2]


@pytest.mark.parametrize(
    ("split_type", "data", "message"),
    [
        ("RecordIO", b"1,2,3,4\n", "record 1 of the object does not begin with the magic number 0xced7230a"),
        ("RecordIO", recordio(b"abcd") + MAGIC, "record 2 of the object is cut short"),
        ("RecordIO", part(2, b"ab"), "record 1 of the object has its parts in the wrong order"),
        (
            "RecordIO",
            part(1, b"ab") + part(0, b"ab"),
            "record 1 of the object has its parts in the wrong order",
        ),
        ("RecordIO", part(5, b"ab"), "record 1 of the object has its parts in the wrong order"),
        ("RecordIO", recordio(b"abcd") + b"x", "record 2 of the object is cut short"),
        ("TFRecord", tfrecord(b"abc") + b"x", "record 2 of the object is cut short"),
        ("TFRecord", b"1,2,3,4,5,6,7\n", "record 1 of the object has a wrong checksum of its length"),
        ("TFRecord", tfrecord(b"abc")[:-1] + b"?", "record 1 of the object has a wrong checksum of its data"),
        ("TFRecord", tfrecord(b"abc") + tfrecord(b"abc")[:-1], "record 2 of the object is cut short"),
    ],
)
def test_fails_for_an_object_in_another_format(split_type: str, data: bytes, message: str) -> None:
    ran = run_job(
        {"bad": data, "good": FRAMES[split_type](b"x")}, lambda _: b"!", request(split_type=split_type)
    )
    assert (ran.out("bad.out"), ran.out("good.out")) == (None, b"!\n")
    assert ran.outcome.failure is not None
    what, where = ran.outcome.failure.log_lines
    assert what.startswith(message)
    assert where == f"SplitType {split_type} is set; is the object in this format?"
    assert f"record {ran.outcome.failure.line} of the object" in what


@pytest.mark.parametrize("size", [1001, 2**60, 2**64 - 1])
def test_fails_for_a_length_beyond_all_requests_without_reading_it(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_module, "_LONGEST", 1000)
    length = struct.pack("<Q", size)
    settings = effective_settings(request(split_type="TFRecord"), {})
    with pytest.raises(RecordError, match=f"says it is {size:,} bytes long, more than any request can hold"):
        list(read_framed(SlowDrip(length + crc(length), None), settings))
    longest = tfrecord(b"x" * 1000)
    assert [each.frame for each in read_framed(SlowDrip(longest, None), settings)] == [longest]
