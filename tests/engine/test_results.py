"""Answers, made into results."""

from __future__ import annotations

import pytest

from batch_transform.engine.batches import Batch
from batch_transform.engine.records import Ending, Records
from batch_transform.engine.results import as_lines, as_one_request
from engine.fake_world import line_by_line, request, run_job


def single(line: int, *, join: bool = True) -> Batch:
    original = (Records([b"r%d" % line], line, ended=True),) if join else ()
    return Batch(b"sent", original, 1, line)


def test_requests_of_one_record_each_are_merged_into_one() -> None:
    one = as_one_request([single(7), single(8), single(9)], [b"a\n", b"b", b"\n"])
    assert one is not None
    batch, answer = one
    assert (batch.count, batch.first_line, answer) == (3, 7, b"a\nb\n\n")
    assert [(records.items, records.first_line, records.ended) for records in batch.originals] == [
        ([b"r7", b"r8", b"r9"], 7, True)
    ]


def test_without_a_join_there_are_no_unfiltered_records() -> None:
    one = as_one_request([single(1, join=False), single(2, join=False)], [b"a", b"b"])
    assert one is not None
    assert one[0].originals == ()


@pytest.mark.parametrize(
    ("run", "answers"),
    [
        ([single(1)], [b"a"]),
        ([single(1), single(2)], [b"a", b"b\nc\n"]),
        ([single(1), single(2)], [b"", b"b"]),
        ([single(1), Batch(b"sent", (), 2, 2)], [b"a", b"b\nc"]),
    ],
)
def test_requests_without_one_line_for_each_record_are_not_merged(
    run: list[Batch], answers: list[bytes]
) -> None:
    assert as_one_request(run, answers) is None


def test_the_results_of_many_single_records_come_in_order() -> None:
    job = request(
        input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]", BatchStrategy="SingleRecord"
    )
    rows = [b"id-%d,%d" % (number, number % 7) for number in range(3000)]
    ran = run_job({"a.csv": b"\n".join(rows)}, line_by_line(lambda line: b"=" + line), job)
    assert ran.out("a.csv.out") == b"".join(b"id-%d,=%d\n" % (number, number % 7) for number in range(3000))


def test_fails_with_the_one_record_that_is_wrong_among_many() -> None:
    job = request(join_source="Input", BatchStrategy="SingleRecord")
    rows = [b"%d" % number for number in range(1000)]

    def answer(body: bytes) -> bytes:
        return b'x"y' if body == b"777\n" else b"1"

    ran = run_job({"a.csv": b"\n".join(rows)}, answer, job)
    assert ran.out("a.csv.out") is None
    assert "this is the model's answer to line 778 of the object" in ran.log[2]


def test_assemble_with_none_puts_nothing_between_results() -> None:
    assert Ending.NOTHING.assemble([b'[{"a":1}]', b'[{"a":2}]']) == b'[{"a":1}][{"a":2}]'


def test_assemble_with_line_ends_each_result_with_a_newline() -> None:
    assert Ending.AFTER_EACH.assemble([b"1", b"", b"2"]) == b"1\n\n2\n"
    assert Ending.AFTER_EACH.assemble([]) == b""


def test_assemble_with_line_adds_no_second_newline_to_an_answer() -> None:
    assert [as_lines(answer) for answer in (b"1", b"2\n", b"3\n4\n", b"")] == [
        b"1\n",
        b"2\n",
        b"3\n4\n",
        b"\n",
    ]
