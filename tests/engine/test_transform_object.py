"""One object, from its bytes to its result, against a slow and obvious reference."""

from __future__ import annotations

import json
import threading
import zlib
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from batch_transform.engine.batches import Batch
from batch_transform.engine.invoke import Model
from batch_transform.engine.progress import ProgressMeter
from batch_transform.engine.records import Records
from batch_transform.engine.request_groups import RequestGroups
from batch_transform.engine.results import Results
from batch_transform.engine.selection import Selected
from batch_transform.engine.settings import effective_settings
from batch_transform.engine.transform_object import ObjectTransform
from batch_transform.engine.workers import Workers
from batch_transform.job.values.s3_uri import S3Uri
from engine.fake_world import FunctionModel, MemoryStore, line_by_line, request, run_job
from engine.python_alone import python_alone
from engine.reference import (
    EVERYTHING,
    Filter,
    Job,
    between,
    indexes,
    member,
    members,
    transform,
)

TYPES = {"csv": "text/csv", "json": "application/jsonlines"}


def engine_transform(
    data: bytes, job: Job, model: FunctionModel, *, at_a_time: int, step: int | None
) -> bytes | None:
    """Run the engine on one object. The limit of the job is in bytes, which a request can't express."""
    settings = effective_settings(
        request(
            content_type=TYPES[job.format],
            accept=TYPES[job.format],
            split_type="Line" if job.split else "None",
            assemble_with="Line" if job.lines else "None",
            input_filter=job.input_filter.text,
            join_source="Input" if job.join else "None",
            output_filter=job.output_filter.text,
            BatchStrategy="SingleRecord" if job.single else "MultiRecord",
        ),
        {},
    )
    settings = replace(settings, max_payload=job.limit)
    store = MemoryStore({"in": data}, step=step)
    workers = Workers(at_a_time, max_items=2 * at_a_time, is_stopped=threading.Event().is_set)
    groups = RequestGroups(alone=at_a_time == 1)
    transforming = ObjectTransform(
        settings,
        store,
        Model(model, settings, threading.Event().is_set, groups),
        workers,
        groups,
        ProgressMeter(lambda _: None),
        datetime(2026, 11, 22, tzinfo=UTC),
    )
    try:
        failure = transforming.run(Selected(S3Uri("bucket", "in"), S3Uri("bucket", "out")))
    finally:
        workers.close()
        workers.join()
    assert not store.open_writers
    assert (failure is None) == ("out" in store.objects)
    return store.objects.get("out")


def moody_csv_answer(record: bytes) -> bytes:
    """One or two cells, sometimes quoted, sometimes empty: a function of the record alone."""
    mood = zlib.crc32(record)
    return (b"0.%d" % mood, b'%d,"a, ""b"""' % mood, b"", b"%d,x" % mood)[mood % 4]


def moody_json_answer(record: bytes) -> bytes:
    mood = zlib.crc32(record)
    return (b"%d.50" % mood, b'{"b": [1.0, null], "a": "<%d>"}' % mood, b"[%d]" % mood, b'"x"')[mood % 4]


csv_cells = st.sampled_from(["", "1", "1.0", "a b", " x", "é", '"q,r"', '"a""b"', "\r"])
csv_lines = st.one_of(
    st.integers(1, 4).flatmap(  # rows of one width, as in most files
        lambda width: st.lists(st.lists(csv_cells, min_size=width, max_size=width).map(",".join), max_size=12)
    ),
    st.lists(st.text(alphabet='ab,"\r 1', max_size=8), max_size=12),
)
csv_filters: st.SearchStrategy[Filter] = st.one_of(
    st.just(EVERYTHING),
    st.lists(st.integers(-3, 3), min_size=1, max_size=3).map(lambda wanted: indexes(*wanted)),
    st.tuples(st.integers(-3, 2) | st.none(), st.integers(0, 4) | st.none()).map(lambda ends: between(*ends)),
)
json_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet='ab<>&é\u2028"\\\n', max_size=4)
)
json_values = st.recursive(
    json_scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "B", "_c", "é", "<"]), inner)
    ),
    max_leaves=6,
)
json_lines = st.one_of(
    st.lists(
        st.fixed_dictionaries({"a": json_values, "b": json_values}).map(json.dumps), min_size=1, max_size=8
    ),
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "Z", "_d", "SageMakerOutput"]), json_values).map(
            json.dumps
        )
        | json_values.map(json.dumps)
        | st.sampled_from(["", "{", "nan", "NaN", '{"a":1,"a":2}', " 1 "]),
        max_size=8,
    ),
)
json_filters: st.SearchStrategy[Filter] = st.sampled_from(
    [EVERYTHING, member("a"), member("SageMakerOutput"), members("a", "SageMakerOutput"), members("b", "a")]
)
ends = st.sampled_from(["", "\n", "\r\n", "\n\n"])
steps = st.integers(1, 9) | st.none()


def jobs(record_format: str, filters: st.SearchStrategy[Filter], *, largest: int) -> st.SearchStrategy[Job]:
    return st.builds(
        Job,
        format=st.just(record_format),
        single=st.booleans(),
        limit=st.just(10_000) | st.just(10_000) | st.integers(1, largest),
        input_filter=filters,
        join=st.booleans(),
        output_filter=filters,
        lines=st.booleans(),
    )


@given(csv_lines, ends, jobs("csv", csv_filters, largest=40), st.integers(1, 3), steps)
def test_csv_comes_out_as_the_reference_says(
    lines: list[str], end: str, job: Job, at_a_time: int, step: int | None
) -> None:
    data = ("\n".join(lines) + end).encode()
    expect_reference(data, job, FunctionModel(line_by_line(moody_csv_answer)), at_a_time=at_a_time, step=step)


@given(json_lines, ends, jobs("json", json_filters, largest=90), st.integers(1, 3), steps)
def test_json_lines_come_out_as_the_reference_says(
    lines: list[str], end: str, job: Job, at_a_time: int, step: int | None
) -> None:
    data = ("\n".join(lines) + end).encode()
    expect_reference(
        data, job, FunctionModel(line_by_line(moody_json_answer)), at_a_time=at_a_time, step=step
    )


@given(document=json_values, join=st.booleans(), output_filter=json_filters, with_lines=st.booleans())
def test_a_whole_json_document_comes_out_as_the_reference_says(
    document: object, join: bool, output_filter: Filter, with_lines: bool
) -> None:
    data = json.dumps(document, indent=2).encode() + b"\n"
    job = Job("json", False, False, 10_000, EVERYTHING, join, output_filter, with_lines)
    expect_reference(data, job, FunctionModel(lambda body: b' {"a" : [ 1.0, %d ] }\n' % len(body)))


def expect_reference(
    data: bytes, job: Job, model: FunctionModel, *, at_a_time: int = 1, step: int | None = None
) -> None:
    expected, bodies = transform(
        data, job, lambda body: model.invoke(body, content_type=None, accept=None, timeout=1).body
    )
    event("fails" if expected is None else "joins" if job.join else "transforms")
    for way in (nullcontext(), python_alone()):
        model.bodies.clear()
        with way:
            assert engine_transform(data, job, model, at_a_time=at_a_time, step=step) == expected
        if expected is not None:
            assert sorted(model.bodies) == sorted(bodies)


@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
def test_the_model_sees_the_filtered_record_and_the_result_has_the_original_one(strategy: str) -> None:
    job = request(input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]", BatchStrategy=strategy)
    ran = run_job({"a.csv": b"id-1,1.0,2\nid-2,3,4\n"}, line_by_line(lambda line: b"0.5," + line[:1]), job)
    assert ran.out("a.csv.out") == b"id-1,1\nid-2,3\n"
    assert b"".join(ran.model.bodies) == b"1.0,2\n3,4\n"


@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
def test_without_an_input_filter_the_model_gets_records_unchanged_though_a_join_parses_them(
    strategy: str,
) -> None:
    job = request(join_source="Input", BatchStrategy=strategy)
    ran = run_job({"a.csv": b'"a",1.0\r\n"b", x\n'}, line_by_line(lambda _: b"0.5"), job)
    assert b"".join(ran.model.bodies) == b'"a",1.0\r\n"b", x\n'
    assert ran.out("a.csv.out") == b"a,1.0,0.5\nb, x,0.5\n"


def test_a_bad_record_that_is_not_utf_8_is_shown_with_replacement_characters() -> None:
    ran = run_job({"a.csv": b'caf\xe9,x"y\n'}, lambda body: body, request(input_filter="$[0]"))
    assert ran.log[4] == "bucket/in/a.csv: Failed to parse line: 'caf\ufffd,x\"y"
    assert "which begins 'caf\ufffd,x\"y'" in ran.log[6]


def test_without_filter_and_join_an_answer_is_stored_unchanged() -> None:
    odd = b'{"predicted_label":0.0}\r\nno "csv\xff'
    ran = run_job({"a.csv": b'x"y\n'}, lambda _: odd, request(assemble_with="None"))
    assert ran.out("a.csv.out") == odd
    assert ran.model.bodies == [b'x"y\n']


def test_the_answer_to_a_single_joined_json_record_may_have_several_lines() -> None:
    job = request(content_type="application/json", accept="application/json", join_source="Input")
    ran = run_job({"a": b'{"b":1}\n'}, lambda _: b'{\n "predictions": [1.0]\n}\n', job)
    assert ran.out("a.out") == b'{"SageMakerOutput":{"predictions":[1]},"b":1}\n'


def test_input_that_is_not_a_json_object_is_kept_as_sagemaker_input() -> None:
    job = request(content_type="application/jsonlines", accept="application/jsonlines", join_source="Input")
    ran = run_job({"a": b"[1.0,2]\n"}, lambda _: b'{"label":1}\n', job)
    assert ran.out("a.out") == b'{"SageMakerInput":[1,2],"SageMakerOutput":{"label":1}}\n'


def test_a_json_string_that_the_filter_selects_is_sent_in_quotes() -> None:
    job = request(
        content_type="application/json", accept="application/json", input_filter="$.text", join_source="Input"
    )
    ran = run_job({"a": b'{"_id": "1", "text": "What?"}\n'}, lambda _: b"[0.1]\n", job)
    assert ran.model.bodies == [b'"What?"\n']
    assert ran.out("a.out") == b'{"SageMakerOutput":[0.1],"_id":"1","text":"What?"}\n'


def test_an_output_filter_without_a_join_is_applied_to_each_line_of_the_answer() -> None:
    job = request(accept="application/json", output_filter="$['class']")
    ran = run_job({"a.csv": b"1,2\n3,4\n"}, lambda _: b'{"class":{"0":"x","1":"y"},"p":1}', job)
    assert ran.out("a.csv.out") == b'{"0":"x","1":"y"}\n'


def test_an_empty_csv_object_has_an_empty_result_and_sends_no_request() -> None:
    ran = run_job({"a.csv": b""}, lambda _: b"never", request(join_source="Input"))
    assert (ran.out("a.csv.out"), ran.model.bodies) == (b"", [])


def test_a_record_may_be_larger_than_the_payload_before_its_filter() -> None:
    job = request(input_filter="$[0]", MaxPayloadInMB=1)
    wide = b"1," + b"x" * 2_000_000 + b"\n"
    ran = run_job({"a.csv": wide}, line_by_line(lambda line: line), job)
    assert ran.out("a.csv.out") == b"1\n"


def test_sagemaker_output_of_the_input_is_overwritten() -> None:
    job = request(content_type="application/jsonlines", accept="application/jsonlines", join_source="Input")
    ran = run_job({"a": b'{"SageMakerOutput":"mine","z":1}\n'}, lambda _: b"2\n", job)
    assert ran.out("a.out") == b'{"SageMakerOutput":2,"z":1}\n'


def test_a_csv_object_that_is_not_split_is_filtered_when_it_is_one_row() -> None:
    job = request(split_type="None", input_filter="$[1:]", output_filter="$[0]")
    ran = run_job({"a.csv": b"id,1,2\n"}, lambda _: b"0.5,x\n", job)
    assert (ran.model.bodies, ran.out("a.csv.out")) == ([b"1,2"], b"0.5\n")


def test_fails_for_several_csv_rows_in_an_object_or_an_answer_that_is_not_split() -> None:
    several_in = run_job(
        {"a": b"1,2\n3,4\n"}, lambda body: body, request(split_type="None", input_filter="$[0]")
    )
    several_out = run_job(
        {"a": b"1,2\n3,4\n"}, lambda body: body, request(split_type="None", output_filter="$[0]")
    )
    for ran in (several_in, several_out):
        assert ran.outcome.status == "Failed"
        assert any("more than one row in one record; set SplitType to Line" in line for line in ran.log)


@pytest.mark.parametrize("filters", [{"input_filter": "$[0:-1]"}, {"output_filter": "$[:-2]"}])
def test_fails_without_naming_a_record_for_a_filter_that_is_not_documented(filters: dict[str, str]) -> None:
    ran = run_job({"a.csv": b"1,2\n3,4\n"}, lambda body: body, request(**filters))
    (text,) = filters.values()
    assert ran.outcome.status == "Failed"
    assert [line for line in ran.log if line.startswith("bucket/in/a.csv: ")] == ran.log[1:]
    assert len(ran.log) == 2
    assert f"Invalid JsonPath: {text}: AWS doesn't document" in ran.log[1]
    assert ran.model.bodies == []


@pytest.mark.parametrize(
    ("member", "settings"),
    [
        ("InputFilter", {"input_filter": "$.a", "accept": "application/json"}),
        ("OutputFilter", {"output_filter": "$.a", "content_type": "application/json"}),
        ("OutputFilter", {"output_filter": "$.a", "accept": None}),
    ],
    ids=["of the input", "of the answer", "of the answer, in the format of the input"],
)
def test_fails_for_a_filter_with_names_on_csv_and_says_which_it_is(
    member: str, settings: dict[str, Any]
) -> None:
    ran = run_job({"a.csv": b"1,2\n"}, lambda body: body, request(**settings))
    assert ran.log[1:] == [
        f'bucket/in/a.csv: Invalid {member}: "$.a". Unexpected "." in JsonPath. Supported operators for "text/csv"'
        " are ['$', '[', ']', '*', ' ', ',', ':', '-']"
    ]


@pytest.mark.parametrize("with_lines", [True, False])
def test_the_results_of_a_batch_in_several_blocks_are_assembled(with_lines: bool) -> None:
    settings = effective_settings(request(join_source="Input", output_filter="$[0,-1]"), {})
    pieces = (Records([b"a,1", b"b,2"], 1, ended=True), Records([b"c,3"], 3, ended=True))
    expected = b"a,7\nb,8\nc,9\n"
    for way in (nullcontext(), python_alone()):
        with way:
            results = Results.of(replace(settings, assemble_lines=with_lines))
            assert results.of_batch(Batch(b"", pieces, 3, 1), b"7\n8\n9\n") == (
                expected if with_lines else expected.replace(b"\n", b"")
            )


@pytest.mark.parametrize("path", ["$[{}]", "$[0,{}]", "$[{}:]", "$[0:{}]", "$[{}:5]"])
@pytest.mark.parametrize("index", ["7", "9" * 25])
@pytest.mark.parametrize(
    ("where", "join", "cells"),
    [("input_filter", "None", 3), ("output_filter", "None", 3), ("output_filter", "Input", 6)],
)
def test_fails_for_an_index_beyond_the_row_however_large(
    path: str, index: str, where: str, join: str, cells: int
) -> None:
    text = path.format(index)
    ran = run_job({"a.csv": b"1,2,3\n"}, lambda _: b"4,5,6\n", request(join_source=join, **{where: text}))
    assert ran.outcome.status == "Failed"
    assert (
        f"bucket/in/a.csv: Invalid JsonPath: {text}: index {index} is out of range: there are only {cells}"
        in (ran.log)
    )
