"""Whole jobs: how they end, what they log, and what they write."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Mapping
from typing import Any, BinaryIO

import pytest

from batch_transform.engine import batches, invoke, join_buffer
from batch_transform.engine.interfaces import Answer
from batch_transform.engine.settings import MIB
from batch_transform.engine.transform_job import Outcome, Progress
from batch_transform.job.errors import ModelTimeoutError, NoModelAnswerError
from engine.fake_world import MemoryStore, MemoryWriter, Reply, line_by_line, request, run_job
from patience import PATIENCE_SECONDS

pytestmark = pytest.mark.timeout(900)  # a job in a deadlock would never end

JOIN = request(input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]")
JSON_JOIN = request(
    content_type="application/json", accept="application/json", input_filter="$.text", join_source="Input"
)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoke, "_FIRST_PAUSE", 0.0)


def half(_: bytes) -> bytes:
    return b"0.5"


def test_every_object_gets_its_result_and_the_log_begins_with_the_settings() -> None:
    ran = run_job(
        {"a.csv": b"i,1\nj,2\n", "b/c.csv": b"never", "in/d/e.csv": b"k,3"}, line_by_line(half), JOIN
    )
    assert ran.outcome == Outcome("Completed", None, Progress(3, 2, 0, 11, result_lines=3))
    assert ran.out("a.csv.out") == b"i,0.5\nj,0.5\n"
    assert ran.out("d/e.csv.out") == b"k,0.5\n"
    assert ran.log == ["MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD"]
    assert ran.progress[-1] == ran.outcome.progress


def test_fails_for_one_bad_object_while_the_others_are_scored() -> None:
    objects = {"a.csv": b"i,1\n", "b.csv": b'i,1\nj,x"y,2\n', "c.csv": b"k,3\n"}
    ran = run_job(objects, line_by_line(half), JOIN)
    assert ran.outcome.status == "Failed"
    assert ran.outcome.failure_reason == "ClientError: See job logs for more information"
    assert (ran.out("a.csv.out"), ran.out("b.csv.out"), ran.out("c.csv.out")) == (
        b"i,0.5\n",
        None,
        b"k,0.5\n",
    )
    assert ran.outcome.progress.objects_failed == 1
    assert ran.log[1:] == [
        "bucket/in/b.csv: ClientError: 400",
        "bucket/in/b.csv: ",
        "bucket/in/b.csv: Message:",
        "bucket/in/b.csv: Failed to parse line: 'j,x\"y,2",
        'bucket/in/b.csv: \' as CSV: bare " in non quoted field found near: x"y,',
        "bucket/in/b.csv: this is line 2 of the object, which begins 'j,x\"y,2'; put a cell that contains a comma"
        ' or a double quote in double quotes, and double each " in it',
    ]


@pytest.mark.parametrize(
    ("answer", "message", "reason"),
    [
        (Answer(400, b"no"), "ClientError: 400", "ClientError"),
        (Answer(500, b"no"), "Bad HTTP status received from algorithm: 500", "AlgorithmError"),
        (NoModelAnswerError("closed"), "Unable to get response from algorithm", "AlgorithmError"),
        (
            ModelTimeoutError("silence"),
            "Model server did not respond to /invocations request within 600 seconds",
            "AlgorithmError",
        ),
    ],
)
def test_fails_with_the_reason_and_the_words_of_aws_when_the_model_refuses(
    answer: Answer | NoModelAnswerError, message: str, reason: str
) -> None:
    def reply(_: bytes) -> Answer:
        if isinstance(answer, NoModelAnswerError):
            raise answer
        return answer

    ran = run_job({"a.csv": b"i,1\n"}, reply, JOIN)
    assert ran.outcome.status == "Failed"
    assert ran.outcome.failure_reason == f"{reason}: See job logs for more information"
    assert ran.log[1] == f"bucket/in/a.csv: {message}"
    assert ran.out("a.csv.out") is None


def test_fails_with_the_reason_of_the_first_failed_object() -> None:
    statuses = {b"1\n": 500, b"2\n": 400}
    ran = run_job({"a": b"i,1\n", "b": b"i,2\n"}, lambda body: Answer(statuses[body], b""), JOIN)
    assert ran.outcome.failure_reason == "AlgorithmError: See job logs for more information"


@pytest.mark.parametrize("answer", [b"", b"1\n", b"1\n2\n3\n"])
def test_fails_when_the_model_answers_another_number_of_records(answer: bytes) -> None:
    ran = run_job({"a.csv": b"i,1\nj,2\n"}, lambda _: answer, JOIN)
    assert ran.outcome.status == "Failed"
    count = answer.count(b"\n")
    assert ran.log[1:] == [
        f"bucket/in/a.csv: the model answered {count} records to 2, so they cannot be joined",
        "bucket/in/a.csv: this was the request with lines 1 to 2 of the object; a model answers each record with one"
        " line (a header line in the input is a record too), or use BatchStrategy SingleRecord",
    ]


def test_fails_for_an_answer_that_is_not_csv_in_the_recorded_words() -> None:
    ran = run_job({"a.csv": b"i,1\n"}, lambda _: b'{\n    "predictions": [[1.5881, 2.5]]\n}', JOIN)
    assert ran.outcome.failure_reason == "ClientError: See job logs for more information"
    assert ran.log[1] == (
        "bucket/in/a.csv: Failed to parse output from the algorithm as CSV:"
        ' bare " in non quoted field found near:     "predictions": [[1.5881,'
    )


def test_fails_for_an_answer_that_is_not_json() -> None:
    ran = run_job({"a": b'{"text":1}\n{"text":2}\n'}, lambda _: b"1\n<html>\n", JSON_JOIN)
    assert ran.log[1].startswith(
        "bucket/in/a: Failed to parse output from the algorithm as JSON: Expecting value"
    )


@pytest.mark.parametrize("data", [b'{"text":"a"}\nnot json\n', b'{"text":"a"}\n\n', b""])
def test_fails_for_an_invalid_json_record_and_for_an_empty_object_under_a_join(data: bytes) -> None:
    ran = run_job({"a": data}, line_by_line(half), JSON_JOIN)
    assert (ran.outcome.status, ran.out("a.out")) == ("Failed", None)
    if not data:
        assert ran.log[1:] == ["bucket/in/a: the object is empty, and an empty object isn't JSON; remove it"]


def test_fails_at_the_join_for_an_invalid_json_record_that_no_filter_looked_at() -> None:
    job = request(content_type="application/jsonlines", accept="application/jsonlines", join_source="Input")
    ran = run_job({"a": b'{"text":"a"}\nnot json\n'}, line_by_line(half), job)
    assert ran.log[1:] == [
        "bucket/in/a: ClientError: 400",
        "bucket/in/a: ",
        "bucket/in/a: Message:",
        "bucket/in/a: Failed to parse line: 'not json",
        "bucket/in/a: ' as JSON: Expecting value at character 1",
        "bucket/in/a: this is line 2 of the object, which begins 'not json'; every record is one JSON document,"
        " and with SplitType Line it is on one line",
    ]


def test_fails_when_a_record_lacks_what_a_filter_selects_and_says_which_record() -> None:
    ran = run_job({"a.csv": b"i,1\nj\n"}, line_by_line(half), JOIN)
    assert ran.log[1] == "bucket/in/a.csv: Invalid JsonPath: $[1:]: index 1 is out of range: there are only 1"
    assert ran.log[2] == (
        "bucket/in/a.csv: this is line 2 of the object, which begins 'j';"
        " fix this record, or choose another InputFilter"
    )


def test_fails_when_an_output_filter_is_beyond_the_joined_row_and_says_which_record() -> None:
    ran = run_job(
        {"a.csv": b"i,1\nj,2\n"}, line_by_line(half), request(join_source="Input", output_filter="$[0,3]")
    )
    assert (
        ran.log[1] == "bucket/in/a.csv: Invalid JsonPath: $[0,3]: index 3 is out of range: there are only 3"
    )
    assert ran.log[2] == (
        "bucket/in/a.csv: this is line 1 of the object, which begins 'i,1';"
        " the filter is applied to this record joined with the model's answer"
    )


def test_fails_at_run_time_for_a_list_of_ranges_in_the_recorded_words_for_each_object() -> None:
    ran = run_job({"a": b"1\n", "b": b"2\n"}, line_by_line(half), request(output_filter="$[0:2,246:]"))
    message = (
        "Invalid JsonPath: $[0:2,246:]: only single range filters of format (eg: [1:5]) are supported."
        " Format [0:2,246:] is not supported"
    )
    assert ran.log[1:] == [f"bucket/in/a: {message}", f"bucket/in/b: {message}"]
    assert (ran.outcome.status, ran.model.bodies) == ("Failed", [])


def test_fails_when_an_unsplit_object_is_larger_than_the_payload() -> None:
    job = request(split_type="None", content_type="image/png", accept="application/json", MaxPayloadInMB=1)
    ran = run_job(
        {"big.png": b"x" * (1024 * 1024 + 1), "small.png": b"y"}, lambda body: b"%d" % len(body), job
    )
    assert (ran.out("big.png.out"), ran.out("small.png.out")) == (None, b"1\n")
    assert "larger than MaxPayloadInMB=1 allows" in ran.log[1]
    assert "this is the whole object" in ran.log[2]


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (
            request(split_type="TFRecord", join_source="Input"),
            "InputFilter and JoinSource need CSV or JSON, and SplitType TFRecord gives binary records",
        ),
        (request(uri="s3://bucket/empty/"), 'No S3 objects found under S3 URL "s3://bucket/empty/"'),
    ],
)
def test_fails_as_a_whole_when_the_job_cannot_begin(job: dict[str, object], message: str) -> None:
    ran = run_job({"a.csv": b"1\n"}, line_by_line(half), job)
    assert ran.outcome.status == "Failed"
    assert str(ran.outcome.failure_reason).startswith(f"ClientError: {message}")
    assert ran.outcome.progress == ran.progress[-1] == Progress()
    assert ran.log[-1] in str(ran.outcome.failure_reason)
    assert ran.model.bodies == []


def test_gzip_objects_are_decompressed_and_their_results_are_not_compressed() -> None:
    job = {**JOIN, "TransformInput": {**JOIN["TransformInput"], "CompressionType": "Gzip"}}
    ran = run_job({"x.csv.gz": gzip.compress(b"i,1\nj,2\n"), "y.csv.gz": b"i,1\n"}, line_by_line(half), job)
    assert (ran.out("x.csv.gz.out"), ran.out("y.csv.gz.out")) == (b"i,0.5\nj,0.5\n", None)


def test_fails_for_a_manifest_that_names_no_objects() -> None:
    job = request(data_type="ManifestFile", uri="s3://bucket/m/list.json")
    ran = run_job({"m/list.json": b'[{"prefix": "s3://bucket/in/"}]'}, lambda body: body, job)
    message = (
        'the manifest "s3://bucket/m/list.json" names no objects; their names follow its {"prefix": ...}'
    )
    assert (ran.outcome.status, ran.outcome.failure_reason) == ("Failed", f"ClientError: {message}")
    assert ran.log[1:] == [message]


def test_an_object_of_a_manifest_that_is_missing_fails_and_the_others_do_not() -> None:
    manifest = json.dumps([{"prefix": "s3://bucket/in/"}, "a.csv", "deep/b.csv", "gone.csv"]).encode()
    job = request(uri="s3://bucket/m/list.json", data_type="ManifestFile")
    ran = run_job({"m/list.json": manifest, "a.csv": b"1\n", "in/deep/b.csv": b"2\n"}, lambda body: body, job)
    assert (ran.out("a.csv.out"), ran.out("deep/b.csv.out")) == (b"1\n", b"2\n")
    assert (ran.outcome.status, ran.outcome.progress.objects_failed) == ("Failed", 1)
    assert ran.log[1] == "bucket/in/gone.csv: there is no s3://bucket/in/gone.csv"


@pytest.mark.parametrize("at_a_time", [1, 2, 7])
def test_the_order_of_the_input_is_kept_however_fast_each_answer_comes(at_a_time: int) -> None:
    lines = [b"%d" % number for number in range(60)]

    def uneven(body: bytes) -> bytes:
        time.sleep((hash(body) % 5) / 1000)
        return body

    job = request(BatchStrategy="SingleRecord", MaxConcurrentTransforms=at_a_time)
    ran = run_job({"a.csv": b"\n".join(lines)}, uneven, job)
    assert ran.out("a.csv.out") == b"\n".join(lines) + b"\n"


def meet(parties: int) -> Reply:
    """A model that answers only when a number of requests have arrived."""
    barrier = threading.Barrier(parties, timeout=PATIENCE_SECONDS)

    def reply(body: bytes) -> bytes:
        barrier.wait()
        return body

    return reply


@pytest.mark.parametrize("status", [400, 415, 500])
@pytest.mark.parametrize("at_a_time", [1, 4, 7])
@pytest.mark.parametrize("records", [3, 40])
def test_each_request_in_flight_that_fails_has_a_whole_block_in_the_log_and_no_more_are_sent(
    status: int, at_a_time: int, records: int
) -> None:
    """Even if the first answer comes before the next request is sent."""
    client = {"InvocationsMaxRetries": 0}
    job = request(BatchStrategy="SingleRecord", MaxConcurrentTransforms=at_a_time, ModelClientConfig=client)
    data = b"".join(b"%d\n" % number for number in range(1, records + 1))

    def reply(body: bytes) -> bytes | Answer:
        return body if body == b"x\n" else Answer(status, b"refused " + body.strip())

    ran = run_job({"a.csv": data, "b.csv": b"x\n"}, reply, job)
    message = (
        f"ClientError: {status}" if status < 500 else f"Bad HTTP status received from algorithm: {status}"
    )
    sent = sorted(int(body) for body in ran.model.bodies if body != b"x\n")
    assert len(sent) == min(at_a_time, records)
    assert ran.log[1:] == [
        f"bucket/in/a.csv: {line}"
        for number in sent
        for line in (
            message,
            "",
            "Message:",
            f"refused {number}",
            f"the request with line {number} of the object (2 bytes) was refused",
        )
    ]
    assert (ran.out("a.csv.out"), ran.out("b.csv.out")) == (None, b"x\n")


def test_a_request_in_flight_that_succeeds_is_not_in_the_log() -> None:
    barrier = threading.Barrier(3, timeout=PATIENCE_SECONDS)

    def reply(body: bytes) -> bytes | Answer:
        if body in {b"1\n", b"2\n", b"3\n"}:
            barrier.wait()
        return Answer(400, b"no") if body == b"2\n" else body

    job = request(BatchStrategy="SingleRecord", MaxConcurrentTransforms=3)
    ran = run_job({"a.csv": b"1\n2\n3\n4\n5\n6\n7\n"}, reply, job)
    assert sum("ClientError" in line for line in ran.log) == 1
    assert ran.out("a.csv.out") is None


def test_requests_of_one_object_run_side_by_side() -> None:
    job = request(BatchStrategy="SingleRecord", MaxConcurrentTransforms=3)
    ran = run_job({"a.csv": b"1\n2\n3\n4\n5\n6\n"}, meet(3), job)
    assert ran.out("a.csv.out") == b"1\n2\n3\n4\n5\n6\n"


def test_requests_of_small_objects_run_side_by_side_too() -> None:
    job = request(split_type="None", MaxConcurrentTransforms=3)
    ran = run_job({f"{number}.png": b"x" for number in range(6)}, meet(3), job)
    assert ran.outcome.progress.objects_done == 6


def test_a_stopped_job_ends_soon_and_leaves_nothing_half_written_though_the_model_hangs() -> None:
    stop, release = threading.Event(), threading.Event()

    def hang(body: bytes) -> bytes:
        if body == b"2\n":
            stop.set()
            release.wait(timeout=600)
        return body

    began = time.monotonic()
    ran = run_job(
        {"a.csv": b"1\n2\n3\n", "b.csv": b"4\n"}, hang, request(BatchStrategy="SingleRecord"), stop=stop
    )
    release.set()
    assert time.monotonic() - began < PATIENCE_SECONDS  # it hangs for longer
    assert (ran.outcome.status, ran.outcome.failure_reason) == ("Stopped", None)
    assert ran.outcome.progress == ran.progress[-1]
    assert ran.store.aborted == ["out/a.csv.out"]
    assert [key for key in ran.store.objects if key.startswith("out/")] == []


class SlowlyTidyStore(MemoryStore):
    def create(self, bucket: str, key: str) -> MemoryWriter:
        return SlowlyTidyWriter(self, super().create(bucket, key).key)


class SlowlyTidyWriter(MemoryWriter):
    def abort(self) -> None:
        time.sleep(0.3)
        super().abort()


def test_a_stopped_job_has_cleaned_up_before_it_reports_stopped() -> None:
    stop = threading.Event()

    def stopping(body: bytes) -> bytes:
        stop.set()
        return body

    ran = run_job({"a.csv": b"1\n2\n"}, stopping, stop=stop, store_type=SlowlyTidyStore)
    assert (ran.outcome.status, ran.store.aborted) == ("Stopped", ["out/a.csv.out"])


class BrokenError(Exception):
    pass


class BrokenStore(MemoryStore):
    """Storage that fails for the first result. It keeps a reference to itself, since the job raises."""

    last: BrokenStore

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        super().__init__(objects)
        BrokenStore.last = self

    def open(self, bucket: str, key: str) -> BinaryIO:
        if key.endswith("b.csv"):
            raise BrokenError
        return super().open(bucket, key)


def test_fails_with_the_error_of_the_storage_and_cleans_up() -> None:
    with pytest.raises(BrokenError):
        run_job({"a.csv": b"1\n", "b.csv": b"2\n"}, line_by_line(half), store_type=BrokenStore)
    assert BrokenStore.last.aborted == ["out/b.csv.out"]
    assert BrokenStore.last.open_writers == set()


def test_a_job_that_ended_has_no_threads_left() -> None:
    before = threading.active_count()
    run_job({"a.csv": b"1\n"}, line_by_line(half), request(MaxConcurrentTransforms=4))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_very_long_line_in_the_log_is_truncated() -> None:
    ran = run_job({"a.csv": b'x"' + b"y" * 100_000 + b"\n"}, line_by_line(half), JOIN)
    assert max(map(len, ran.log)) < 20_000
    assert any('bare " in non quoted field' in line for line in ran.log)


def test_large_bodies_and_many_waiting_records_have_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = b"".join(b"%d,%d\n" % (number, number % 7) for number in range(50_000))
    usual = run_job({"a.csv": data}, line_by_line(half), JOIN)
    monkeypatch.setattr(join_buffer, "_MOST_IN_MEMORY", 1000)
    monkeypatch.setattr(batches, "_LARGE", 1000)
    large = run_job({"a.csv": data}, line_by_line(half), JOIN)
    assert large.out("a.csv.out") == usual.out("a.csv.out")
    assert [len(pieces) > 1 for pieces in large.model.streamed] == [True]


@pytest.mark.parametrize(
    ("record", "settings"),
    [
        (b'c,x"y', {}),
        (b"c", {"input_filter": "$[1]"}),
        (b"c", {"output_filter": "$[0,2]"}),
        (b"c," + b"2" * MIB, {"MaxPayloadInMB": 1}),
    ],
    ids=["not CSV", "too short for the input filter", "too short for the output filter", "too large"],
)
@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
def test_fails_with_the_line_of_a_bad_record(record: bytes, settings: dict[str, Any], strategy: str) -> None:
    job = request(**{"join_source": "Input", "BatchStrategy": strategy, **settings})
    ran = run_job({"a.csv": b"a,1\nb,2\n" + record + b"\nd,4\n"}, line_by_line(half), job)
    assert ran.outcome.failure is not None
    assert ran.outcome.failure.line == 3
    assert f"this is line 3 of the object, which begins {record[:60].decode()!r}" in ran.log[-1]


@pytest.mark.parametrize(
    ("answer", "settings"),
    [
        (b'x"y', {"join_source": "Input"}),
        (b"0.5\n0.6", {"join_source": "Input"}),
        (b"0.5", {"output_filter": "$[1]"}),
        (Answer(400, b"no"), {}),
    ],
    ids=["not CSV", "another number of answers", "too short for the output filter", "refused"],
)
@pytest.mark.parametrize(("strategy", "line"), [("MultiRecord", 1), ("SingleRecord", 3)])
def test_fails_with_the_first_line_of_a_request_with_a_bad_answer(
    answer: bytes | Answer, settings: dict[str, Any], strategy: str, line: int
) -> None:
    def reply(body: bytes) -> bytes | Answer:
        if isinstance(answer, Answer):
            return answer if b"c" in body else body
        return b"".join((answer if row == b"c" else b"7,8") + b"\n" for row in body.splitlines())

    ran = run_job({"a.csv": b"a\nb\nc\nd\n"}, reply, request(**settings, BatchStrategy=strategy))
    assert ran.outcome.failure is not None
    assert ran.outcome.failure.line == line
    place = "lines 1 to 4 of the object" if strategy == "MultiRecord" else "line 3 of the object"
    assert place in ran.log[-1]
