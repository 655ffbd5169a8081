"""Losses without an error are counted while a job runs."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from batch_transform.engine.batches import Batch
from batch_transform.engine.inexact_numbers import ChangedNumber
from batch_transform.engine.progress import ProgressMeter
from batch_transform.engine.records import Records
from batch_transform.engine.settings import effective_settings
from batch_transform.engine.silent_losses import CheckedWriter, count_byte_order_marks
from engine.fake_world import BUCKET, MemoryStore, Ran, line_by_line, request, run_job

PLAIN = line_by_line(lambda line: b"1")
JSON_LINES: dict[str, Any] = {"content_type": "application/jsonlines", "accept": "application/jsonlines"}


def counts(ran: Ran) -> tuple[int, int, int, int, int]:
    done = ran.outcome.progress
    return (done.records, done.result_lines, done.uneven_objects, done.empty_answers, done.byte_order_marks)


def test_a_job_without_losses_has_as_many_lines_as_records() -> None:
    assert counts(run_job({"a": b"1\n2\n3\n", "b": b"4"}, PLAIN)) == (4, 4, 0, 0, 0)


def test_one_answer_for_many_records_is_counted() -> None:
    ran = run_job({"a": b"1\n2\n3\n", "b": b"4\n"}, lambda body: b'{"result":[0.9]}')
    assert counts(ran) == (4, 2, 1, 0, 0)


def test_objects_whose_differences_cancel_out_are_counted() -> None:
    ran = run_job({"a": b"1\n2\n", "b": b"3\n4\n"}, lambda body: b"1\n" if b"1" in body else b"1\n2\n3\n")
    assert counts(ran) == (4, 4, 2, 0, 0)


def test_results_without_a_separator_are_one_line() -> None:
    job = request(assemble_with="None", BatchStrategy="SingleRecord")
    ran = run_job({"a": b"1\n2\n3\n"}, lambda body: b'{"a":1}', job)
    assert counts(ran) == (3, 1, 1, 0, 0)
    assert ran.out("a.out") == b'{"a":1}' * 3


@pytest.mark.parametrize(
    ("job", "answer"),
    [
        (request(split_type="None", assemble_with="None"), b"1\n2\n"),
        (request(accept="application/x-npy"), b"\x93NUMPY\n\n\n"),
    ],
)
def test_lines_are_not_counted_for_whole_objects_and_binary_answers(
    job: dict[str, Any], answer: bytes
) -> None:
    assert counts(run_job({"a": b"1\n"}, lambda body: answer, job))[1:3] == (0, 0)


@pytest.mark.parametrize("answer", [b"", b"\n", b" \r\n"])
def test_an_empty_answer_is_counted(answer: bytes) -> None:
    job = request(BatchStrategy="SingleRecord")
    ran = run_job({"a": b"1\n2\n"}, lambda body: answer if body == b"2\n" else b"1\n", job)
    assert ran.outcome.status == "Completed"
    assert ran.outcome.progress.empty_answers == 1


def test_a_byte_order_mark_is_counted_for_each_object_compressed_or_not() -> None:
    job = request(compression_type="Gzip", input_filter="$[1:]", join_source="Input")
    objects = {"a": b"\xef\xbb\xbfx,1\n", "b": b"x,1\n", "c": b"\xef\xbb\xbfx,1\n"}
    ran = run_job({key: gzip.compress(data) for key, data in objects.items()}, PLAIN, job)
    assert ran.outcome.progress.byte_order_marks == 2


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_a_number_that_a_json_join_changes_is_kept(strategy: str) -> None:
    data = b"".join(b'{"id":%d}\n' % (2**53 + number) for number in range(5))
    ran = run_job({"a": data}, PLAIN, request(join_source="Input", BatchStrategy=strategy, **JSON_LINES))
    assert b'"id":9007199254740992}' in (ran.out("a.out") or b"").splitlines()[1]  # what was ...993
    if strategy == "MultiRecord":
        assert ran.outcome.progress.changed_number == ChangedNumber("9007199254740993", "9007199254740992")
    else:  # of single records only the first, second, fourth, … group is checked
        assert ran.outcome.progress.changed_number is not None


def test_numbers_of_answers_are_checked_too() -> None:
    job = request(join_source="Input", **JSON_LINES)
    ran = run_job({"a": b'{"id":1}\n'}, lambda body: b'{"score":0.1234567890123456789}\n', job)
    assert ran.outcome.progress.changed_number == ChangedNumber(
        "0.1234567890123456789", "0.12345678901234568"
    )


def test_numbers_of_a_large_object_are_checked_in_a_sample() -> None:
    line = b'{"id":9007199254740993,"text":"' + b"x" * 20_000 + b'"}\n'
    ran = run_job({"a": line * 100}, PLAIN, request(join_source="Input", **JSON_LINES))
    assert ran.outcome.status == "Completed"
    assert ran.outcome.progress.records == 100


def noted(run: int, record: bytes, *, pieces: list[bytes] | None = None) -> ChangedNumber | None:
    """The changed number that is noted if its record is in a group of its own, after groups without one."""
    settings = effective_settings(request(join_source="Input", **JSON_LINES), {})
    meter = ProgressMeter(lambda _: None)
    store = MemoryStore({})
    result = CheckedWriter(settings, meter, store.create(BUCKET, "out"))
    for number in range(1, run + 1):
        texts = [b'{"id":1}'] if number < run else pieces or [record]
        originals = [Records.of_text(text, 1, ended=True) for text in texts]
        result.begin_group([Batch(b"", originals, 1, 1)], [b"1\n"])
        for text in texts:
            result.write(text.replace(b"9007199254740993", b"9007199254740992") + b"\n")
        result.end_group(1)
    return meter.progress.changed_number


CHANGES = b'{"id":9007199254740993}'


@pytest.mark.parametrize("run", range(1, 10))
def test_numbers_are_checked_in_the_first_group_the_second_the_fourth_and_so_on(run: int) -> None:
    assert (noted(run, CHANGES) is not None) == (run in {1, 2, 4, 8})


def test_numbers_are_checked_only_in_the_first_part_of_a_group() -> None:
    assert noted(1, b"", pieces=[CHANGES, b"{}"]) is not None
    assert noted(1, b"", pieces=[b"{}", CHANGES]) is None


def test_numbers_are_checked_in_the_first_16_kib_of_whole_lines() -> None:
    def after(size: int, *more: bytes) -> bytes:
        return b"\n".join([b'{"t":"' + b"x" * (size - 9) + b'"}', CHANGES, *more])

    assert noted(1, after(16_000)) is not None
    assert noted(1, after(16_000, CHANGES * 100)) is not None
    assert noted(1, after(17_000)) is None
    cut_in_the_number = after(16 * 1024 - 20, b"{}")
    assert noted(1, cut_in_the_number) is None
    assert noted(1, after(16 * 1024 - len(CHANGES))) is not None


def test_a_hundred_long_numbers_of_a_group_are_checked() -> None:
    long = b'{"n":0.1234567890123456}\n'
    assert noted(1, long * 99 + CHANGES) is not None
    assert noted(1, long * 100 + CHANGES) is None


def test_a_byte_order_mark_counts_only_at_the_start_of_an_object() -> None:
    meter = ProgressMeter(lambda _: None)
    blocks = [Records([b"\xef\xbb\xbfa"], 1, ended=True), Records([b"\xef\xbb\xbfb"], 2, ended=True)]
    assert list(count_byte_order_marks(iter(blocks), meter)) == blocks
    assert meter.progress.byte_order_marks == 1


def test_a_byte_order_mark_of_a_streamed_object_is_counted() -> None:
    job = request(split_type="None", MaxPayloadInMB=0)
    ran = run_job({"a": b"\xef\xbb\xbfx,1\n"}, PLAIN, job)
    assert ran.outcome.progress.byte_order_marks == 1


def test_a_failure_carries_the_line_of_its_record() -> None:
    def refuse(body: bytes) -> bytes:
        raise AssertionError("nothing is asked")

    ran = run_job({"a": b'1,2\n3,4\n5,"6\n'}, refuse, request(input_filter="$[1]"))
    assert ran.outcome.failure is not None
    assert ran.outcome.failure.line == 3
