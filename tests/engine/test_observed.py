"""Losses that raise no error are counted while a job runs."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from batch_transform.engine.inexact_numbers import ChangedNumber
from engine.fake_world import Ran, line_by_line, request, run_job

PLAIN = line_by_line(lambda line: b"1")
JSON_LINES: dict[str, Any] = {"content_type": "application/jsonlines", "accept": "application/jsonlines"}


def counts(ran: Ran) -> tuple[int, int, int, int, int]:
    done = ran.outcome.progress
    return (done.records, done.result_lines, done.uneven_objects, done.empty_answers, done.byte_order_marks)


def test_a_sound_job_has_as_many_lines_as_records() -> None:
    assert counts(run_job({"a": b"1\n2\n3\n", "b": b"4"}, PLAIN)) == (4, 4, 0, 0, 0)


def test_one_answer_for_many_records_is_counted() -> None:
    ran = run_job({"a": b"1\n2\n3\n", "b": b"4\n"}, lambda body: b'{"result":[0.9]}')
    assert counts(ran) == (4, 2, 1, 0, 0)


def test_objects_whose_differences_cancel_out_are_counted() -> None:
    ran = run_job({"a": b"1\n2\n", "b": b"3\n4\n"}, lambda body: b"1\n" if b"1" in body else b"1\n2\n3\n")
    assert counts(ran) == (4, 4, 2, 0, 0)


def test_results_that_nothing_separates_are_one_line() -> None:
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


def test_a_byte_order_mark_is_counted_for_each_object_packed_or_not() -> None:
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
    else:  # of single records only the first, second, fourth, … run is looked at
        assert ran.outcome.progress.changed_number is not None


def test_a_number_of_the_answer_is_looked_at_too() -> None:
    job = request(join_source="Input", **JSON_LINES)
    ran = run_job({"a": b'{"id":1}\n'}, lambda body: b'{"score":0.1234567890123456789}\n', job)
    assert ran.outcome.progress.changed_number == ChangedNumber(
        "0.1234567890123456789", "0.12345678901234568"
    )


def test_a_large_object_is_looked_at_in_parts_only() -> None:
    line = b'{"id":9007199254740993,"text":"' + b"x" * 20_000 + b'"}\n'
    ran = run_job({"a": line * 100}, PLAIN, request(join_source="Input", **JSON_LINES))
    assert ran.outcome.status == "Completed"
    assert ran.outcome.progress.records == 100


def test_a_failure_carries_the_line_of_its_record() -> None:
    def refuse(body: bytes) -> bytes:
        raise AssertionError("nothing is asked")

    ran = run_job({"a": b'1,2\n3,4\n5,"6\n'}, refuse, request(input_filter="$[1]"))
    assert ran.outcome.failure is not None
    assert ran.outcome.failure.line == 3
