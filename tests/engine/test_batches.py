"""Records put into request bodies. How bodies are filled is held to the reference in test_transform_object."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batch_transform.engine import batches
from batch_transform.engine.batches import Batch, LargeBody, cut_batches
from batch_transform.engine.input_filter import InputFilter
from batch_transform.engine.records import Records
from batch_transform.engine.settings import Settings, effective_settings
from batch_transform.spec.errors import RecordError
from engine.fake_world import request

FILTERED = effective_settings(request(input_filter="$[1:]", join_source="Input"), {})
BLOCKS = [Records([b"a,1", b"b,22"], 1, ended=True), Records.of_text(b"c,3\nd,4", 3, ended=False)]


def cut(settings: Settings, blocks: list[Records] = BLOCKS) -> list[Batch]:
    return list(cut_batches(blocks, InputFilter.of(settings), settings))


def test_a_body_takes_as_many_whole_records_as_fit_across_blocks() -> None:
    batches = cut(replace(FILTERED, max_payload=7))
    assert [batch.body for batch in batches] == [b"1\n22\n3\n", b"4"]
    assert [(batch.first_line, batch.count) for batch in batches] == [(1, 3), (4, 1)]
    assert [[block.items for block in batch.originals] for batch in batches] == [
        [[b"a,1", b"b,22"], [b"c,3"]],
        [[b"d,4"]],
    ]


def test_single_record_sends_each_record_alone_with_its_own_newline() -> None:
    settings = replace(FILTERED, single_record=True)
    assert [batch.body for batch in cut(settings)] == [b"1\n", b"22\n", b"3\n", b"4"]


def test_the_newline_counts_and_a_last_line_without_one_is_not_charged_for_it() -> None:
    assert [batch.body for batch in cut(replace(FILTERED, max_payload=3))] == [b"1\n", b"22\n", b"3\n4"]
    with pytest.raises(RecordError):
        cut(replace(FILTERED, max_payload=2))


def test_originals_are_kept_for_a_join_only() -> None:
    assert cut(replace(FILTERED, join=False))[0].originals == ()


def test_fails_for_a_record_that_alone_is_too_large_and_says_which() -> None:
    settings = effective_settings(request(MaxPayloadInMB=1), {})
    with pytest.raises(RecordError) as failure:
        cut(settings, [Records([b"ok", b"x" * 1024 * 1024], 1, ended=True)])
    said, where = failure.value.log_lines
    assert said == "the record is 1,048,576 bytes, more than MaxPayloadInMB=1 takes"
    assert where.startswith("this is line 2 of the object, which begins 'xxx")


def test_a_record_of_exactly_the_limit_goes_through() -> None:
    settings = effective_settings(request(MaxPayloadInMB=1), {})
    (batch,) = cut(settings, [Records([b"x" * (1024 * 1024 - 1)], 1, ended=True)])
    assert batch.size == 1024 * 1024


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
