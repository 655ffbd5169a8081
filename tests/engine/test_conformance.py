"""The cases that were recorded on AWS or that its documentation gives, as far as this engine goes."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from batch_transform.engine import invoke
from batch_transform.engine.seams import Answer
from batch_transform.engine.selection import manifest_entries
from batch_transform.engine.settings import effective_settings
from engine.fake_world import Ran, request, run_job

CASES_FILE = Path(__file__).resolve().parents[2] / "../shared/conformance/cases.jsonl"
CASES: dict[str, dict[str, Any]] = (
    {case["id"]: case for case in map(json.loads, CASES_FILE.read_text(encoding="utf-8").splitlines())}
    if CASES_FILE.exists()
    else {}
)
pytestmark = pytest.mark.skipif(not CASES, reason="the file of conformance cases is not here")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoke, "_FIRST_PAUSE", 0.0)


def case(name: str) -> dict[str, Any]:
    if name not in CASES:
        pytest.skip(f"the file of conformance cases has no {name}")
    return CASES[name]


def job_of(settings: dict[str, Any]) -> dict[str, Any]:
    """The request of a case; a type that is given as a choice means either."""
    names = {
        "ContentType": "content_type",
        "Accept": "accept",
        "SplitType": "split_type",
        "AssembleWith": "assemble_with",
        "InputFilter": "input_filter",
        "JoinSource": "join_source",
        "OutputFilter": "output_filter",
    }
    given: dict[str, Any] = {names[name]: value for name, value in settings.items() if name in names}
    given = {name: str(value).partition(" or ")[0] if value else None for name, value in given.items()}
    whole: dict[str, Any] = {**dict.fromkeys(names.values()), **given}
    others = {name: settings[name] for name in ("BatchStrategy", "MaxPayloadInMB") if name in settings}
    return request(**whole, **others)


def run_case(found: dict[str, Any], data: str | bytes, answers: list[str] | str) -> Ran:
    """Run a case with a model that gives the case's answers, one a request."""
    left = [answers] if isinstance(answers, str) else list(answers)
    raw = data.encode() if isinstance(data, str) else data
    return run_job({"data": raw}, lambda _: left.pop(0).encode(), job_of(found["settings"]))


INFERENCE_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

COMPLETE = [
    name
    for name, found in CASES.items()
    if found["kind"] == "run"
    and "DataCaptureConfig" not in found["settings"]
    and all(isinstance(found[part], (str, list)) for part in ("input", "model_response", "expected_output"))
]


@pytest.mark.parametrize("name", COMPLETE)
def test_a_recorded_or_documented_run_comes_out_as_it_did_there(name: str) -> None:
    found = case(name)
    settings = found["settings"]
    if found.get("compare") == "json-semantic":  # the page prints one document, and asks for equal types
        found = {
            **found,
            "settings": {**settings, "ContentType": "application/json", "Accept": "application/json"},
        }
    ran = run_case(found, found["input"], found["model_response"])
    assert ran.outcome.status == "Completed", ran.log
    out = (ran.out("data.out") or b"").decode()
    if found.get("compare") == "json-semantic":
        assert json.loads(out) == json.loads(found["expected_output"])
    elif found.get("compare") == "csv-row":
        assert list(csv.reader([out.strip()])) == list(csv.reader([found["expected_output"]]))
    else:
        assert out == found["expected_output"]
    if found.get("sent_to_model") and found["sent_to_model"].endswith("\n"):
        assert ran.model.bodies == [found["sent_to_model"].encode()]


@pytest.mark.parametrize("name", [n for n in COMPLETE if len(CASES[n]["input"].splitlines()) > 1])
def test_a_recorded_run_comes_out_the_same_one_record_at_a_time(name: str) -> None:
    found = case(name)
    one_by_one = {**found, "settings": {**found["settings"], "BatchStrategy": "SingleRecord"}}
    ran = run_case(one_by_one, found["input"], found["model_response"].splitlines(keepends=True))
    assert ran.out("data.out") == found["expected_output"].encode()


def test_assemble_with_line_adds_no_second_newline() -> None:
    found = case("rec-assemble-line-no-double-newline-usd")
    answer = found["expected_output"]
    out = run_case(found, "1\n", answer).out("data.out") or b""
    assert out == answer.encode()
    if len(out) == 57_705:  # the case file may hold the head of the file alone
        assert hashlib.sha256(out).hexdigest() == found["expected_sha256"]


def test_single_answers_are_put_together_with_nothing_in_between() -> None:
    found = case("rec-hf-singlerecord-concat")
    answers = found["model_response"]
    ran = run_case(found, '{"inputs":"a"}\n' * len(answers), answers)
    assert ran.out("data.out") == "".join(answers).encode()


@pytest.mark.parametrize(
    "name", ["rec-json-join-underscore-key-osi", "doc-json-join-array-response-opensearch"]
)
def test_a_joined_document_has_its_names_in_the_order_that_was_seen(name: str) -> None:
    found = case(name)
    keys = found["expected_key_order"]
    data = {key: key for key in reversed(keys) if key != "SageMakerOutput"}
    ran = run_case(found, json.dumps(data) + "\n", "[0.1, 0.2]")
    assert list(json.loads(ran.out("data.out") or b"")) == keys


def test_a_joined_line_begins_as_the_author_of_a_recorded_run_shows_it() -> None:
    found = case("rec-jsonl-join-blazingtext-partial")
    prefixes = found["expected_line_prefixes"]
    shown = [json.loads(prefix.rpartition(",")[0] + "}") for prefix in prefixes]
    records = [{"review": "x", "device_id": "d", "ISBN": each["ISBN"]} for each in shown]
    answers = "".join(json.dumps(each["SageMakerOutput"]) + "\n" for each in shown)
    ran = run_case(found, "".join(json.dumps(record) + "\n" for record in records), answers)
    lines = (ran.out("data.out") or b"").decode().splitlines()
    assert all(line.startswith(prefix) for line, prefix in zip(lines, prefixes, strict=True))
    assert ran.model.bodies == [b'"x"\n"x"\n']


def test_fails_for_a_file_with_lines_that_are_no_json() -> None:
    found = case("rec-invalid-json-line-fails-job-osi")
    ran = run_case(found, '{"text":"a"}\n{"text"\n{"text":"b"}\noops\n', ["1", "2", "3", "4"])
    assert (ran.outcome.status, ran.out("data.out")) == (found["expected_status"], None)


def test_fails_for_an_empty_file_under_a_json_join() -> None:
    found = case("rec-empty-file-fails-job-osi")
    ran = run_case(found, found["input"], [])
    assert (ran.outcome.status, ran.out("data.out")) == (found["expected_status"], None)


def test_fails_for_a_list_of_ranges_in_the_data_log() -> None:
    found = case("rec-filter-multi-range-rejected-at-runtime")
    ran = run_case(found, "1,2,3\n", "4\n")
    assert f"bucket/in/data: {found['expected_error']}" in ran.log


def test_fails_for_output_that_is_no_csv() -> None:
    found = case("rec-csv-output-not-csv")
    ran = run_case(found, "1,2,3\n", '{\n    "predictions": [[1.5881, 0.1]\n    ]\n}')
    assert f"bucket/in/data: {found['expected_error']}" in ran.log
    assert ran.outcome.status == found["expected_status"]


def test_fails_for_a_bare_quote_in_the_input() -> None:
    found = case("rec-csv-input-bare-quote")
    ran = run_case(found, '1,a"b,2\n', [])
    before, _, after = found["expected_error"].partition("<line incl. its \\n>")
    said = "\n".join(line.removeprefix("bucket/in/data: ") for line in ran.log[1:-1])
    assert said == before.replace(" / (empty line)", "\n").replace(" / ", "\n") + '1,a"b,2\n' + after.replace(
        "<text>", 'a"b,'
    )


@pytest.mark.parametrize(
    ("name", "answer"),
    [("rec-http-500", Answer(500, b"first\nsecond\n")), ("rec-http-4xx", Answer(400, b"first\nsecond\n"))],
)
def test_fails_for_an_http_error_with_the_lines_of_the_data_log(name: str, answer: Answer) -> None:
    found = case(name)
    ran = run_job({"data": b"1\n"}, lambda _: answer)
    first = found["expected_error"].partition(" / ")[0].replace("<bucket>/<key>", "bucket/in/data")
    assert ran.log[1:6] == [
        first,
        "bucket/in/data: ",
        "bucket/in/data: Message:",
        "bucket/in/data: first",
        "bucket/in/data: second",
    ]
    if "failure_reason" in found:
        assert ran.outcome.failure_reason == found["failure_reason"]


def test_many_records_go_in_one_body_with_their_newlines() -> None:
    found = case("rec-multirecord-json-lines-in-one-body")
    body = '{"inputs":"a"}\n{"inputs":"b"}\n'
    ran = run_job({"data": body.encode()}, lambda _: Answer(400, b"Extra data"), job_of(found["settings"]))
    assert (ran.model.bodies, ran.outcome.status) == ([body.encode()], found["expected_status"])


def test_results_are_named_as_recorded() -> None:
    found = case("rec-single-object-naming")
    ran = run_job(
        {"prefix/test.csv": b"1\n"},
        lambda body: body,
        request(uri="s3://bucket/prefix/test.csv", output="s3://bucket/run"),
    )
    expected = found["expected_output"][0].rpartition("/")[2]
    assert f"run/{expected}" in ran.store.objects


def test_results_are_named_as_documented() -> None:
    found = case("doc-output-naming")
    ran = run_job(dict.fromkeys(found["input"], b"1\n"), lambda body: body)
    assert [key.removeprefix("out/") for key in ran.store.objects if key.startswith("out/")] == found[
        "expected_output"
    ]


def test_a_manifest_is_read_as_documented() -> None:
    found = case("doc-manifest")
    entries = manifest_entries(json.dumps(found["input"]).encode())
    assert [str(source) for _, source in entries] == found["expected_output"]


def test_execution_parameters_are_taken_and_the_defaults_are_those_that_were_logged() -> None:
    documented = case("doc-execution-parameters")
    settings = effective_settings(request(), json.loads(documented["input"]))
    assert settings.max_concurrent_transforms == documented["expected_output"]["MaxConcurrentTransforms"]
    recorded = case("rec-defaults-no-execution-parameters")
    assert recorded["expected_output"].endswith(str(effective_settings(request(), {})))


def test_inference_ids_stand_where_a_recorded_run_has_them() -> None:
    found = case("rec-jsonl-join-inferenceid-LL-last5")
    started = datetime(2023, 1, 21, 1, 29, 4, tzinfo=timezone.utc)
    capture = {"DestinationS3Uri": "s3://bucket/data-capture", "GenerateInferenceId": True}
    answers = [found["model_response"].encode()]
    job = {**job_of(found["settings"]), "DataCaptureConfig": capture}
    ran = run_job({"data": found["input"].encode()}, lambda _: answers.pop(), job, started_at=started)
    out = (ran.out("data.out") or b"").decode()
    assert INFERENCE_ID.sub("ID", out) == INFERENCE_ID.sub("ID", found["expected_output"])
    assert len(set(INFERENCE_ID.findall(out))) == 5


@pytest.mark.parametrize("name", ["doc-inference-id-csv", "doc-inference-id-json"])
def test_inference_ids_are_added_as_documented(name: str) -> None:
    found = case(name)
    accept = found["settings"]["Accept"].partition(" or ")[0]
    started = datetime(2022, 8, 30, 0, 49, 15, tzinfo=timezone.utc)
    capture = {"DestinationS3Uri": "s3://bucket/c", "GenerateInferenceId": True}
    job = request(accept=accept, DataCaptureConfig=capture)
    answer = "\n".join(found["model_response"]).encode()
    out = (run_job({"a": b"1\n2\n"}, lambda _: answer, job, started_at=started).out("a.out") or b"").decode()
    made = INFERENCE_ID.sub("ID", out).splitlines()
    page = INFERENCE_ID.sub("ID", found["expected_output"]).split("\n")[:2]
    if accept == "text/csv":
        assert made == [line.replace(", ", ",") for line in page]
    else:
        assert list(map(json.loads, made)) == list(map(json.loads, page))


def test_the_output_manifest_lies_and_reads_as_recorded() -> None:
    found = case("rec-datacapture-output-manifest")["expected_output"]
    job = request(
        output="s3://bucket/transform-output",
        DataCaptureConfig={"DestinationS3Uri": "s3://bucket/data-capture"},
    )
    started = datetime(2023, 1, 21, 1, 29, 4, tzinfo=timezone.utc)
    ran = run_job({"test-dataset.jsonl": b"1\n"}, lambda body: body, job, started_at=started)
    manifests = {INFERENCE_ID.sub("<uuid>", key): data for key, data in ran.store.objects.items()}
    body = json.loads(manifests[found["key"]])
    assert body == [{"prefix": "s3://bucket/transform-output/"}, *found["body"][1:]]


def test_the_manifests_read_as_documented() -> None:
    found = case("doc-datacapture-manifests")["expected_output"]
    job = request(DataCaptureConfig={"DestinationS3Uri": "s3://bucket"})
    ran = run_job({"dummy_0.csv": b"1\n", "dummy_1.csv": b"2\n"}, lambda body: body, job)
    manifests = {
        key.partition("/")[0]: data for key, data in ran.store.objects.items() if "2026/11/22" in key
    }
    assert json.loads(manifests["input"]) == [{"prefix": "s3://bucket/in/"}, *found["input"][1:]]
    assert json.loads(manifests["output"]) == [{"prefix": "s3://bucket/out/"}, *found["output"][1:]]
