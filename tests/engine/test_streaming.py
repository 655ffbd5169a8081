"""MaxPayloadInMB 0: a whole object as one request body, in pieces."""

from __future__ import annotations

import gzip

import pytest

from batch_transform.engine import invoke
from batch_transform.engine.interfaces import Answer
from engine.fake_world import line_by_line, request, run_job

LARGE = b"".join(b"id-%d,%d\n" % (number, number) for number in range(60_000))  # some pieces


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoke, "_FIRST_PAUSE", 0.0)


@pytest.mark.parametrize("split_type", ["None", "Line"])
def test_an_object_is_sent_unchanged_in_one_request_and_in_pieces(split_type: str) -> None:
    job = request(split_type=split_type, MaxPayloadInMB=0)
    ran = run_job({"a.csv": LARGE}, lambda body: b"%d" % len(body), job)
    assert ran.model.bodies == [LARGE]
    assert len(ran.model.streamed[0]) > 1
    assert b"" not in ran.model.streamed[0]
    assert ran.out("a.csv.out") == b"%d\n" % len(LARGE)
    assert ran.outcome.progress.records == (60_000 if split_type == "Line" else 1)


def test_records_of_a_streamed_object_are_filtered_and_joined() -> None:
    job = request(input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]", MaxPayloadInMB=0)
    ran = run_job({"a.csv": LARGE}, line_by_line(lambda line: line), job)
    assert ran.model.bodies == [b"".join(b"%d\n" % number for number in range(60_000))]
    assert ran.out("a.csv.out") == LARGE
    assert ran.outcome.progress.bytes_read == len(LARGE)  # though the join reads them again


def test_a_retry_sends_the_whole_body_again() -> None:
    answers = [Answer(503, b""), Answer(200, b"ok")]
    ran = run_job({"a.csv": LARGE}, lambda _: answers.pop(0), request(MaxPayloadInMB=0))
    assert (ran.out("a.csv.out"), ran.model.bodies) == (b"ok\n", [LARGE, LARGE])
    assert ran.outcome.progress.bytes_read == len(LARGE)


def test_a_streamed_gzip_object_is_decompressed() -> None:
    job = request(split_type="None", compression_type="Gzip", MaxPayloadInMB=0)
    ran = run_job({"a.gz": gzip.compress(LARGE)}, lambda _: b"ok", job)
    assert (ran.model.bodies, ran.out("a.gz.out")) == ([LARGE], b"ok\n")


def test_single_records_have_no_limit_and_are_not_streamed() -> None:
    job = request(BatchStrategy="SingleRecord", MaxPayloadInMB=0)
    ran = run_job({"a.csv": b"x" * 8_000_000 + b"\n1\n"}, lambda body: b"%d" % len(body), job)
    assert (ran.out("a.csv.out"), ran.model.streamed) == (b"8000001\n2\n", [])


def test_fails_for_a_bad_record_of_a_streamed_object() -> None:
    job = request(input_filter="$[1:]", MaxPayloadInMB=0)
    ran = run_job({"a.csv": LARGE + b'x"y\n', "b.csv": b"1,2\n"}, lambda _: b"ok", job)
    assert (ran.out("a.csv.out"), ran.out("b.csv.out")) == (None, b"ok\n")
    assert any("this is line 60001 of the object" in line for line in ran.log)


def test_fails_when_the_model_refuses_a_streamed_object() -> None:
    ran = run_job({"a.csv": b"1\n"}, lambda _: Answer(400, b"no"), request(MaxPayloadInMB=0))
    assert ran.log[-1] == "bucket/in/a.csv: the request with the whole object (streamed) was refused"
