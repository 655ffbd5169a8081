"""Records put into request bodies. test_transform_object compares how bodies are filled with the reference."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batch_transform.engine import batches
from batch_transform.engine.batches import Batch, LargeBody, cut_batches, cut_framed
from batch_transform.engine.framed import Framed
from batch_transform.engine.input_filter import InputFilter
from batch_transform.engine.records import WHOLE_OBJECT, WHOLE_TOO_LARGE, Records
from batch_transform.engine.settings import MIB, Settings, effective_settings
from batch_transform.job.errors import RecordError
from engine.fake_world import request

FILTERED = effective_settings(request(input_filter="$[1:]", join_source="Input"), {})
BLOCKS = [Records([b"a,1", b"b,22"], 1, ended=True), Records.of_text(b"c,3\nd,4", 3, ended=False)]


def cut(settings: Settings, blocks: list[Records] = BLOCKS) -> list[Batch]:
    return list(cut_batches(blocks, InputFilter.of(settings), settings))


def test_a_body_holds_as_many_whole_records_as_fit_across_blocks() -> None:
    batches = cut(replace(FILTERED, max_payload=7))
    assert [batch.body for batch in batches] == [b"1\n22\n3\n", b"4"]
    assert [(batch.first_line, batch.count) for batch in batches] == [(1, 3), (4, 1)]
    assert [[block.items for block in batch.originals] for batch in batches] == [
        [[b"a,1", b"b,22"], [b"c,3"]],
        [[b"d,4"]],
    ]


def test_single_record_sends_each_record_by_itself_with_its_newline() -> None:
    settings = replace(FILTERED, single_record=True)
    assert [batch.body for batch in cut(settings)] == [b"1\n", b"22\n", b"3\n", b"4"]


def test_newlines_count_towards_max_payload() -> None:
    assert [batch.body for batch in cut(replace(FILTERED, max_payload=3))] == [b"1\n", b"22\n", b"3\n4"]
    with pytest.raises(RecordError):
        cut(replace(FILTERED, max_payload=2))


@pytest.mark.parametrize("single", [True, False])
def test_unfiltered_records_are_kept_only_for_a_join(single: bool) -> None:
    assert cut(replace(FILTERED, join=False, single_record=single))[0].originals == ()


def test_single_record_keeps_each_unfiltered_record_by_itself() -> None:
    found = cut(replace(FILTERED, single_record=True))
    assert [(part.text, part.first_line, part.ended) for batch in found for part in batch.originals] == [
        (b"a,1", 1, True),
        (b"b,22", 2, True),
        (b"c,3", 3, True),
        (b"d,4", 4, False),
    ]


@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
def test_fails_for_a_record_that_is_too_large_by_itself_and_says_which(strategy: str) -> None:
    settings = effective_settings(request(MaxPayloadInMB=1, BatchStrategy=strategy), {})
    with pytest.raises(RecordError) as failure:
        cut(settings, [Records([b"ok", b"x" * MIB, b"after"], 1, ended=True)])
    assert failure.value.log_lines == (
        "the record is 1,048,576 bytes, more than MaxPayloadInMB=1 allows",
        f"this is line 2 of the object, which begins '{'x' * 60}'...;"
        " raise MaxPayloadInMB, or send less with an InputFilter",
    )
    assert failure.value.line == 2


def test_fails_for_a_whole_object_that_is_too_large_with_a_fix() -> None:
    settings = effective_settings(request(MaxPayloadInMB=1, split_type="None"), {})
    with pytest.raises(RecordError) as failure:
        cut(settings, [Records([b"x" * (MIB + 1)], WHOLE_OBJECT, ended=False)])
    assert failure.value.log_lines[1].startswith("this is the whole object, which begins 'xxx")
    assert failure.value.log_lines[1].endswith(WHOLE_TOO_LARGE)


@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
@pytest.mark.parametrize(("size", "ended"), [(MIB - 1, True), (MIB, False)], ids=["a line", "a last line"])
def test_a_record_of_exactly_max_payload_goes_through_with_its_newline_counted(
    strategy: str, size: int, ended: bool
) -> None:
    settings = effective_settings(request(MaxPayloadInMB=1, BatchStrategy=strategy), {})
    (batch,) = cut(settings, [Records([b"x" * size], 1, ended=ended)])
    assert batch.size == MIB
    with pytest.raises(RecordError):
        cut(settings, [Records([b"x" * (size + 1)], 1, ended=ended)])


def test_an_object_of_exactly_max_payload_goes_through() -> None:
    settings = effective_settings(request(MaxPayloadInMB=1, split_type="None"), {})
    (batch,) = cut(settings, [Records([b"x" * MIB], WHOLE_OBJECT, ended=False)])
    assert batch.size == MIB


@pytest.mark.parametrize(("room", "numbers"), [(6, [[1, 2], [3, 4]]), (3, [[1], [2], [3], [4]])])
def test_binary_records_fill_a_body_to_exactly_max_payload(room: int, numbers: list[list[int]]) -> None:
    settings = replace(effective_settings(request(split_type="TFRecord"), {}), max_payload=room)
    found = list(cut_framed([Framed(b"%d" % number, b"<%d>" % number) for number in range(1, 5)], settings))
    assert [batch.body for batch in found] == [
        b"".join(b"<%d>" % number for number in each) for each in numbers
    ]
    assert [(batch.first_line, batch.count) for batch in found] == [(each[0], len(each)) for each in numbers]
    assert found[-1].place == ("records 3 to 4 of the object" if room == 6 else "record 4 of the object")
    assert {(batch.unit, batch.originals) for batch in found} == {("record", ())}
    with pytest.raises(RecordError):
        list(cut_framed([Framed(b"", b"x" * (room + 1))], settings))


def test_with_max_payload_0_single_binary_records_have_no_limit() -> None:
    settings = effective_settings(
        request(split_type="TFRecord", MaxPayloadInMB=0, BatchStrategy="SingleRecord"), {}
    )
    (batch,) = cut_framed([Framed(b"x" * MIB, b"")], settings)
    assert batch.size == MIB


@pytest.mark.parametrize("ended", [True, False])
def test_a_join_gets_the_originals_of_exactly_the_records_that_were_sent(ended: bool) -> None:
    block = Records([b"a,1", b"b,2", b"c,3", b"d,4", b"e,5"], 11, ended=ended)
    found = cut(replace(FILTERED, max_payload=4), [block])
    assert [(part.text, part.first_line, part.ended) for batch in found for part in batch.originals] == [
        (b"a,1\nb,2", 11, True),
        (b"c,3\nd,4", 13, True),
        (b"e,5", 15, ended),
    ]


def test_a_batch_names_its_place_in_the_object() -> None:
    assert [batch.place for batch in cut(replace(FILTERED, max_payload=7))] == [
        "lines 1 to 3 of the object",
        "line 4 of the object",
    ]
    whole = effective_settings(request(split_type="None"), {})
    assert cut(whole, [Records([b"x"], 0, ended=False)])[0].place == "the whole object"


def test_a_large_body_is_kept_in_pieces_and_is_the_same_body(monkeypatch: pytest.MonkeyPatch) -> None:
    small = cut(FILTERED)
    monkeypatch.setattr(batches, "_LARGE", 7)
    large = cut(FILTERED)
    body = large[0].body
    assert isinstance(body, LargeBody)
    assert [b"".join(body)] == [batch.body for batch in small]
    assert (body.size, large[0].size, large[0].place) == (8, small[0].size, small[0].place)
