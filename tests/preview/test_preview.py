from __future__ import annotations

import dataclasses
import gzip
import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine.interfaces import Answer
from batch_transform.engine.records import ByteStream
from batch_transform.explain.shown_request import shown_request
from batch_transform.job.rules.unfit_data import Reading
from batch_transform.job.values.job_spec import (
    BatchDataCaptureConfig,
    DataProcessingSpec,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    TransformSpec,
)
from batch_transform.preview.given_answer import GivenAnswer
from batch_transform.preview.preview import preview
from batch_transform.preview.shown import Preview
from batch_transform.preview.source import Source
from engine.fake_world import BUCKET, FunctionModel, line_by_line, run_job

COLUMNS = ("id", "age", "plan")


def csv_job(**transform: Any) -> JobSpec:
    return JobSpec(
        "churn",
        ModelSpec(existing="m"),
        input=InputSpec(f"s3://{BUCKET}/in/", content_type="text/csv", split_type="Line", columns=COLUMNS),
        transform=TransformSpec(**transform),
        data_processing=DataProcessingSpec(
            input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]"
        ),
        output=OutputSpec(
            f"s3://{BUCKET}/out", accept="text/csv", assemble_with="Line", columns=("score", "label")
        ),
    )


def json_job() -> JobSpec:
    return JobSpec(
        "mails",
        ModelSpec(existing="m"),
        input=InputSpec(content_type="application/jsonlines", split_type="Line"),
        data_processing=DataProcessingSpec(
            input_filter="$.text", join_source="Input", output_filter="$['id','SageMakerOutput']"
        ),
        output=OutputSpec(accept="application/jsonlines", assemble_with="Line"),
    )


def shown(
    spec: JobSpec,
    data: bytes | ByteStream,
    *,
    answer: bytes | None = None,
    model: FunctionModel | None = None,
    count: int = 5,
    check: int | None = None,
    size: int | None = None,
) -> Preview:
    request = shown_request(spec).request
    is_split = spec.input.split_type == "Line"
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    length = size if size is not None else len(data) if isinstance(data, bytes) else 0
    given_answer = None if answer is None else GivenAnswer(answer, split_lines=is_split)
    invoker = model or given_answer
    source = Source("x", length, stream)
    return preview(spec, request, source, count=count, check=check, invoker=invoker, execution_parameters={})


def codes(made: Preview) -> list[tuple[str, int, str]]:
    return [(finding.code, finding.line, finding.severity) for finding in made.findings]


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"') else cell


CELL = st.sampled_from(["1", "", "a b", "x,y", 'say "no"', "ä", "1.0"])


@given(
    st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8),
    st.integers(1, 8),
    st.sampled_from(["SingleRecord", "MultiRecord"]),
    st.booleans(),
)
def test_the_preview_shows_what_a_run_does(
    rows: list[tuple[str, str, str]], count: int, strategy: str, ends_with_newline: bool
) -> None:
    lines = [",".join(map(quoted, row)) for row in rows]
    data = ("\n".join(lines) + "\n" * ends_with_newline).encode()
    spec = csv_job(strategy=strategy)
    reply = line_by_line(lambda line: b"0.5,%d" % len(line))
    request = shown_request(spec).request
    request["TransformOutput"]["S3OutputPath"] = f"s3://{BUCKET}/out"
    ran = run_job({"a.csv": data}, reply, request)
    out = ran.out("a.csv.out")
    assert out is not None
    model = FunctionModel(reply)
    made = shown(spec, data, model=model, count=count)
    assert [one.result for one in made.shown] == out.splitlines()[:count]
    sent = b"".join(ran.model.bodies).splitlines()
    assert [one.sent for one in made.shown] == sent[:count]
    assert made.is_complete
    assert made.checked == len(rows)


def test_a_record_is_shown_with_column_names() -> None:
    made = shown(csv_job(), b"7,42,gold\n8,43,basic\n", answer=b"0.9,yes\n0.1,no\n")
    first = made.shown[0]
    assert (first.line, first.record, first.sent) == (1, b"7,42,gold", b"42,gold")
    assert (first.answer, first.result) == (b"0.9,yes", b"7,yes")
    assert made.shown[1].result == b"8,no"
    assert made.names.sent == ("age", "plan")
    assert made.names.result == ("id", "label")
    assert [(body.size, body.records) for body in made.bodies] == [(17, 2)]
    assert made.findings == []


def test_without_an_answer_there_is_no_result() -> None:
    made = shown(csv_job(), b"7,42,gold\n")
    assert (made.shown[0].sent, made.shown[0].answer, made.shown[0].result) == (b"42,gold", None, None)
    assert not made.was_asked


def test_json_is_joined_as_the_engine_joins_it() -> None:
    made = shown(json_job(), b'{"text":"a","id":1}\n', answer=b'{"score": 1.0}')
    assert made.shown[0].sent == b'"a"'
    assert made.shown[0].result == b'{"SageMakerOutput":{"score":1},"id":1}'


def test_an_object_that_is_not_split_is_one_record() -> None:
    made = shown(JobSpec("whole", ModelSpec(existing="m")), b"a\nb\n", answer=b"yes\nno")
    (one,) = made.shown
    assert (one.line, one.record, one.sent, one.answer, one.result) == (
        0,
        b"a\nb\n",
        b"a\nb\n",
        b"yes\nno",
        b"yes\nno",
    )


def test_gzip_is_unpacked() -> None:
    spec = csv_job()
    packed = InputSpec(content_type="text/csv", split_type="Line", compression_type="Gzip", columns=COLUMNS)
    spec = JobSpec(
        spec.name, spec.model, input=packed, data_processing=spec.data_processing, output=spec.output
    )
    assert shown(spec, gzip.compress(b"7,42,gold\n")).shown[0].sent == b"42,gold"
    assert codes(shown(spec, b"7,42,gold\n")) == [("unreadable", 1, "error")]


class Counted(io.RawIOBase):
    """An endless file that counts how much of it was read."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1, /) -> bytes:
        assert size > 0
        self.given += size
        return (b"7,42,gold\n" * (size // 10 + 1))[: size // 10 * 10]


def test_only_the_start_of_a_large_input_is_read() -> None:
    stream = Counted()
    made = shown(csv_job(), stream, check=10_000, size=10**12)
    assert stream.given < 1_000_000
    assert made.checked == 10_000
    assert not made.is_complete
    assert made.findings == []


@pytest.mark.parametrize(
    ("lines", "check", "is_complete"), [(3, 3, True), (4, 3, False), (3, None, True), (2, 3, True)]
)
def test_the_preview_says_whether_all_records_were_checked(
    lines: int, check: int | None, is_complete: bool
) -> None:
    assert shown(csv_job(), b"7,42,gold\n" * lines, check=check).is_complete == is_complete


def test_a_huge_object_that_is_not_split_is_not_read() -> None:
    stream = Counted()
    made = shown(JobSpec("whole", ModelSpec(existing="m")), stream, size=10**9)
    assert codes(made) == [("object-too-large", 0, "error")]
    assert stream.given == 0


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\xef\xbb\xbf1,2,3\n", [("byte-order-mark", 1, "error")]),
        (b"1,2,3\n4,5,6\r\n", [("crlf", 2, "warning")]),
        (b"1,2,3\n\n4,5,6\n", [("blank-line", 2, "error")]),
        (b"1,2,3\n4,5\n", [("csv-columns", 2, "error")]),
        (b'1,2,3\n4,5"6,7\n', [("csv-quotes", 2, "error")]),
        (b'1,2,3\n"4,5,6\n', [("csv-quotes", 2, "error")]),
        (b"id,age,plan\n1,2,3\n", [("csv-header", 1, "error")]),
        (b" ID,Age,plan\n", [("csv-header", 1, "error")]),
        (b"1,\xff,3\n", [("not-utf-8", 1, "warning")]),
        (b"\xff\xfe1\0,\0", [("not-utf-8", 1, "error"), ("csv-columns", 1, "error")]),
        (b"1,2,3\n", []),
        (b"", [("empty", 0, "warning")]),
    ],
)
def test_invalid_csv_is_reported_by_line(data: bytes, found: list[tuple[str, int, str]]) -> None:
    assert [code for code in codes(shown(csv_job(), data)) if code[0] != "filter-miss"] == found


@pytest.mark.parametrize(
    ("data", "found", "message"),
    [
        (b"1;2;3\n", [("csv-separator", 1, "error")], "semicolons (;), but CSV needs commas"),
        (b"1\t2\t3\n", [("csv-separator", 1, "error")], "tabs, but CSV needs commas"),
        (gzip.compress(b"1,2,3\n", mtime=0), [("gzip", 1, "error")], "write input.compression_type: Gzip"),
        (b'1,2,"3\n4"\n', [("csv-quotes", 1, "error")], "a cell cannot contain one"),
        (b"1,2,3\r\n", [("crlf", 1, "warning")], "the carriage return is dropped"),
        (
            b"1,2,3\r4,5,6\r",
            [("crlf", 1, "warning"), ("lone-cr", 1, "error")],
            "SageMaker sees a single line",
        ),
    ],
)
def test_formats_of_other_programs_are_reported_with_a_fix(
    data: bytes, found: list[tuple[str, int, str]], message: str
) -> None:
    made = shown(csv_job(), data)
    assert [code for code in codes(made) if code[0] != "filter-miss"] == found
    assert message in " ".join(finding.message for finding in made.findings)


def test_a_carriage_return_in_json_is_whitespace_and_only_a_warning() -> None:
    made = shown(json_job(), b'{"text":"a",\r"id":1}\n')
    assert codes(made) == [("lone-cr", 1, "warning")]
    assert made.shown[0].sent == b'"a"'


def test_a_carriage_return_reaches_the_model_unless_a_filter_removes_it() -> None:
    plain = InputSpec(content_type="text/csv", split_type="Line")
    made = shown(JobSpec("plain", ModelSpec(existing="m"), input=plain), b"1,2\r\n")
    assert "goes to the model" in made.findings[0].message
    assert made.shown[0].sent == b"1,2\r"
    assert shown(csv_job(), b"1,2,3\r\n").shown[0].sent == b"2,3"


def test_punctuation_in_sentences_is_not_mistaken_for_separators() -> None:
    plain = InputSpec(content_type="text/csv", split_type="Line")
    assert codes(shown(JobSpec("plain", ModelSpec(existing="m"), input=plain), b"good; very good\n")) == []


def test_uncompressed_data_is_reported_if_the_job_declares_gzip() -> None:
    spec = csv_job()
    spec = dataclasses.replace(spec, input=dataclasses.replace(spec.input, compression_type="Gzip"))
    (finding,) = shown(spec, b"7,42,gold\n").findings
    assert "write input.compression_type: None" in finding.message


STARTS = [
    b"1,2,3\n",
    b"\xef\xbb\xbf1,2,3\n",
    "1,2,3\n".encode("utf-16"),
    "1,2,3\n".encode("utf-16-be"),
    "1,2,3\n".encode("utf-32"),
    "1,2,3\n".encode("utf-32-le"),
    gzip.compress(b"1,2,3\n"),
    gzip.compress(gzip.compress(b"1,2,3\n")),
    gzip.compress(b"\xef\xbb\xbf1,2,3\n"),
    gzip.compress("1,2,3\n".encode("utf-16")),
    b"PK\x03\x04\x14",
    b"\x1f\x8b\x08",
]


@pytest.mark.parametrize("compression_type", ["None", "Gzip"])
@pytest.mark.parametrize("split_type", ["None", "Line"])
@pytest.mark.parametrize(
    "content_type", [None, "text/csv", "application/json", "image/png", "application/x-npz"]
)
def test_first_bytes_that_the_preflight_rejects_are_an_error(
    content_type: str | None, split_type: str, compression_type: str
) -> None:
    source = InputSpec(content_type=content_type, split_type=split_type, compression_type=compression_type)
    spec = JobSpec("any", ModelSpec(existing="m"), input=source)
    reading = Reading.of(shown_request(spec).request)
    for start in STARTS:
        if reading.unfit_start(start):
            assert any(finding.is_error for finding in shown(spec, start).findings), start


def test_gzip_is_valid_if_the_model_accepts_it() -> None:
    spec = JobSpec("packed", ModelSpec(existing="m"), input=InputSpec(content_type="application/gzip"))
    assert codes(shown(spec, gzip.compress(b"a"))) == []


def test_an_answer_with_more_or_fewer_columns_than_named_is_reported() -> None:
    made = shown(csv_job(), b"1,2,3\n4,5,6\n", answer=b"0.5\n0.5,no\n")
    (finding,) = made.findings
    assert (finding.code, finding.line, finding.severity) == ("answer-columns", 1, "error")
    assert finding.message == "the answer has 1 column, and output.columns names 2"


def test_lines_with_the_same_problem_are_reported_together() -> None:
    (finding,) = shown(csv_job(), b"1,2,3\n" + b"4,5\n" * 9).findings
    assert (finding.line, finding.also, finding.more) == (2, (3, 4, 5, 6, 7), 8)


def test_a_problem_in_bytes_that_are_not_parsed_is_a_warning() -> None:
    spec = JobSpec(
        "plain", ModelSpec(existing="m"), input=InputSpec(content_type="text/csv", split_type="Line")
    )
    found = codes(shown(spec, b'1,2\n\n3,"4\n5,6,7\n'))
    assert found == [
        ("blank-line", 2, "warning"),
        ("csv-quotes", 3, "warning"),
        ("csv-columns", 4, "warning"),
    ]


def test_a_line_above_numbers_is_reported_as_a_likely_header() -> None:
    spec = JobSpec(
        "plain", ModelSpec(existing="m"), input=InputSpec(content_type="text/csv", split_type="Line")
    )
    assert codes(shown(spec, b"name,value\na,1\nb,2\n")) == [("csv-header", 1, "warning")]
    assert codes(shown(spec, b"name,value\na,b\n")) == []
    assert codes(shown(spec, b"name,1\na,2\n")) == []


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"text":"a","id":1}\n{"id":2}\n', [("filter-miss", 2, "error")]),
        (b'{"text":"a","id":1}\n{oops\n', [("json-invalid", 2, "error")]),
        (b'[\n{"text":"a","id":1}\n]\n', [("json-invalid", 1, "error")]),
        (b'\xef\xbb\xbf{"text":"a","id":1}\n', [("byte-order-mark", 1, "error")]),
        (b'{"text":"a","id":1,"SageMakerOutput":2}\n', [("reserved-name", 1, "warning")]),
        (b'{"text":"a","id":1}\r\n', [("crlf", 1, "warning")]),
        (b"", [("empty", 0, "error")]),
    ],
)
def test_invalid_json_is_reported_by_line(data: bytes, found: list[tuple[str, int, str]]) -> None:
    assert codes(shown(json_job(), data)) == found


def test_an_empty_object_is_reported_as_rejected_if_there_is_no_other() -> None:
    whole = JobSpec("plain", ModelSpec(existing="m"), input=InputSpec(content_type="text/csv"))
    for spec in (whole, csv_job()):
        finding = next(each for each in shown(spec, b"").findings if each.code == "empty")
        assert "the preflight refuses a run whose objects are all empty" in finding.message


def test_json_lines_that_are_not_split_are_recognized() -> None:
    spec = JobSpec("plain", ModelSpec(existing="m"), input=InputSpec(content_type="application/json"))
    (finding,) = shown(spec, b'{"a":1}\n{"a":2}\n').findings
    assert (finding.code, finding.line) == ("json-invalid", 0)
    assert "write split_type: Line" in finding.message


def test_records_before_an_invalid_one_are_processed() -> None:
    made = shown(csv_job(), b'1,2,3\n4,"5,6\n7,8,9\n', answer=b"0.5,no")
    assert [one.result for one in made.shown] == [b"1,no", None, None]
    assert [one.sent for one in made.shown] == [b"2,3", None, None]
    assert made.has_errors


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"0.1,a\n0.2,b\n", "the model answered 2 records to 3"),
        (b'0.1,a"b', "Failed to parse output from the algorithm as CSV"),
    ],
)
def test_an_answer_that_does_not_fit_is_reported(answer: bytes, message: str) -> None:
    made = shown(csv_job(), b"1,2,3\n4,5,6\n7,8,9\n", answer=answer)
    assert [finding.code for finding in made.findings] == ["record-fails"]
    assert message in made.findings[0].message
    assert made.shown[0].answer is not None
    assert made.shown[0].result is None


def test_a_record_that_is_too_large_is_reported() -> None:
    made = shown(csv_job(max_payload=1), b"1,2,3\n4,5," + b"x" * 1_100_000 + b"\n", answer=b"0.5,no")
    assert [(finding.code, finding.line) for finding in made.findings] == [("record-fails", 2)]


def test_data_capture_that_only_lists_objects_changes_no_record() -> None:
    spec = dataclasses.replace(
        csv_job(), batch_data_capture_config=BatchDataCaptureConfig("s3://out-bucket/c/")
    )
    assert shown(spec, b"7,42,gold\n", answer=b"0.9,yes").shown[0].result == b"7,yes"


def framed_job(strategy: str) -> JobSpec:
    return JobSpec(
        "frames",
        ModelSpec(existing="m"),
        input=InputSpec(content_type="application/x-recordio-protobuf", split_type="RecordIO"),
        transform=TransformSpec(strategy=strategy),
    )


def in_a_frame(data: bytes) -> bytes:
    return struct.pack("<II", 0xCED7230A, len(data)) + data + b"\0" * (-len(data) % 4)


def test_binary_records_are_shown_in_their_frames() -> None:
    frames = [in_a_frame(data) for data in (b"a\nb", b"cd", b"e")]
    made = shown(framed_job("MultiRecord"), b"".join(frames), answer=b"yes", count=2)
    assert [(one.line, one.record, one.sent) for one in made.shown] == [
        (1, frames[0], frames[0]),
        (2, frames[1], frames[1]),
    ]
    assert [(body.size, body.records) for body in made.bodies] == [(len(frames[0] + frames[1]), 2)]
    assert made.shown[0].result == b"yes"
    assert (made.checked, made.is_complete) == (3, True)


def test_a_single_binary_record_is_sent_without_its_frame() -> None:
    made = shown(framed_job("SingleRecord"), in_a_frame(b"abc") + in_a_frame(b"d"))
    assert [one.sent for one in made.shown] == [b"abc", b"d"]


def test_an_invalid_binary_record_is_reported() -> None:
    assert codes(shown(framed_job("MultiRecord"), in_a_frame(b"abc") + b"oops")) == [
        ("unreadable", 2, "error")
    ]


def test_a_streamed_object_is_one_body() -> None:
    made = shown(csv_job(max_payload=0), b"7,42,gold\n8,43,basic\n", answer=b"0.9,yes\n0.1,no\n")
    assert [one.result for one in made.shown] == [b"7,yes", b"8,no"]
    assert [(body.size, body.records) for body in made.bodies] == [(17, 2)]


TRACEBACK = b"""Traceback (most recent call last):
  File "/srv/server.py", line 81, in answer
    return model.predict(rows)
ValueError: Expected 2D array, got 1D array instead:
array=[0. 1.].
"""


def test_the_line_of_a_refused_request_is_the_line_of_its_record() -> None:
    def reply(body: bytes) -> bytes | Answer:
        return Answer(500, TRACEBACK) if b"y" in body else b"0.5,no\n"

    spec = csv_job(strategy="SingleRecord", invocations_max_retries=0)
    made = shown(spec, b"1,2,3\n4,5,6\n7,8,y\n", model=FunctionModel(reply))
    (finding,) = made.findings
    assert (finding.code, finding.line) == ("record-fails", 3)
    assert finding.message.startswith(
        "the model answered 500: ValueError: Expected 2D array, got 1D array instead: array=[0. 1.].; "
    )
    assert finding.details == tuple(TRACEBACK.decode().splitlines())
    assert [one.result for one in made.shown] == [b"1,no", b"4,no", None]


def plain_job(accept: str = "text/csv", **settings: Any) -> JobSpec:
    return JobSpec(
        "plain",
        ModelSpec(existing="m"),
        input=InputSpec(content_type="text/csv", split_type="Line"),
        transform=TransformSpec(strategy=settings.get("strategy")),
        output=OutputSpec(accept=accept, assemble_with=settings.get("assemble_with", "Line")),
    )


def test_one_answer_for_many_records_is_a_warning() -> None:
    made = shown(plain_job("application/json"), b"1\n2\n3\n", model=FunctionModel(lambda body: b"[9]"))
    assert codes(made) == [("answer-count", 1, "warning")]
    assert (made.shown[0].answer, made.shown[0].answered) == (b"[9]", 3)
    assert made.shown[1].answer is None


def test_several_answer_lines_for_a_single_record_are_a_warning() -> None:
    spec = plain_job("application/json", strategy="SingleRecord")
    made = shown(spec, b"1\n2\n", model=FunctionModel(lambda body: b'{\n"a": 1\n}'))
    assert codes(made) == [("answer-count", 1, "warning")]


def test_answers_without_lines_are_not_counted() -> None:
    made = shown(plain_job("application/x-npy"), b"1\n2\n3\n", model=FunctionModel(lambda body: b"\x93N\n\n"))
    assert made.findings == []


@pytest.mark.parametrize("answer", [b"", b"\n"])
def test_an_empty_answer_is_a_warning(answer: bytes) -> None:
    spec = plain_job(strategy="SingleRecord")
    made = shown(spec, b"1\n2\n", model=FunctionModel(lambda body: answer if b"2" in body else b"7\n"))
    assert codes(made) == [("empty-answer", 2, "warning")]


def test_a_blank_line_in_an_answer_is_a_warning_at_its_record() -> None:
    made = shown(plain_job(), b"1\n2\n", model=FunctionModel(lambda body: b"7\n\n"))
    assert codes(made) == [("empty-answer", 2, "warning")]


def test_results_without_separators_are_a_warning_and_each_record_shows_its_own() -> None:
    spec = plain_job("application/json", strategy="SingleRecord", assemble_with="None")
    made = shown(spec, b"1\n2\n", model=FunctionModel(lambda body: b'{"n":%s}' % body.strip()))
    assert codes(made) == [("results-not-separated", 0, "warning")]
    assert [one.result for one in made.shown] == [b'{"n":1}', b'{"n":2}']
    assert made.result == b'{"n":1}{"n":2}'
    ended = shown(spec, b"1\n2\n", model=FunctionModel(lambda body: b"{}\n"))
    assert ended.findings == []
    assert codes(shown(spec, b"1\n2\n")) == [("results-not-separated", 0, "warning")]


@pytest.mark.parametrize(
    ("record", "answer", "found"),
    [
        (b'{"id":9007199254740993,"text":"a"}', b"1", [("inexact-number", 1, "warning")]),
        (b'{"id":1,"text":"a"}', b'{"p":0.1234567890123456789}', [("inexact-number", 1, "warning")]),
        (b'{"id":1,"text":"a","dropped":9007199254740993}', b"1", []),
        (b'{"id":"9007199254740993","text":"a"}', b"0.1234567890123456", []),
    ],
)
def test_a_number_that_the_join_changes_is_a_warning(
    record: bytes, answer: bytes, found: list[tuple[str, int, str]]
) -> None:
    assert codes(shown(json_job(), record + b"\n", answer=answer)) == found


def test_a_blank_line_is_an_error_only_if_the_engine_cannot_read_it() -> None:
    spec = dataclasses.replace(csv_job(), data_processing=DataProcessingSpec(join_source="Input"))
    spec = dataclasses.replace(spec, input=dataclasses.replace(spec.input, columns=()))
    made = shown(spec, b"1,2\n\n", model=FunctionModel(line_by_line(lambda line: b"7,a")))
    assert codes(made) == [("blank-line", 2, "warning")]
    assert [one.result for one in made.shown] == [b"1,2,7,a", b",7,a"]
    assert codes(shown(json_job(), b'{"id":1,"text":"a"}\n\n')) == [("blank-line", 2, "error")]


def test_an_empty_object_that_is_not_split_is_sent_as_in_a_run() -> None:
    model = FunctionModel(lambda body: b"x")
    made = shown(JobSpec("whole", ModelSpec(existing="m")), b"", model=model)
    assert model.bodies == [b""]
    assert made.result == b"x"


def test_records_before_one_that_cannot_be_joined_are_processed() -> None:
    spec = dataclasses.replace(json_job(), data_processing=DataProcessingSpec(join_source="Input"))
    made = shown(spec, b'{"id":1}\n{"id":2}\noops\n', answer=b"7\n8\n9\n")
    assert codes(made) == [("json-invalid", 3, "error")]
    assert [one.result for one in made.shown] == [
        b'{"SageMakerOutput":7,"id":1}',
        b'{"SageMakerOutput":8,"id":2}',
        None,
    ]
    assert made.result is None
    assert [(body.size, body.records) for body in made.bodies] == [(23, 3)]
