"""Data capture: manifests and inference ids."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from batch_transform.engine.data_capture import manifest, with_inference_ids
from batch_transform.engine.selection import manifest_entries
from batch_transform.job.errors import AnswerError
from batch_transform.job.values.s3_uri import S3Uri
from engine.fake_world import line_by_line, request, run_job

CAPTURE = {"DestinationS3Uri": "s3://bucket/capture/"}
WITH_ID = {**CAPTURE, "GenerateInferenceId": True}
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def captured(objects: dict[str, bytes]) -> dict[str, Any]:
    return {re.sub(UUID, "ID", key): json.loads(data) for key, data in objects.items() if "capture/" in key}


def test_manifests_name_what_was_read_and_written_under_the_hour_of_the_start() -> None:
    ran = run_job(
        {"a.csv": b"1\n", "in/deep/b.csv": b"2\n"}, lambda body: body, request(DataCaptureConfig=CAPTURE)
    )
    assert captured(ran.store.objects) == {
        "capture/input/2026/11/22/00/ID.json": [{"prefix": "s3://bucket/in/"}, "a.csv", "deep/b.csv"],
        "capture/output/2026/11/22/00/ID.json": [
            {"prefix": "s3://bucket/out/"},
            "a.csv.out",
            "deep/b.csv.out",
        ],
    }


def test_the_output_manifest_names_the_objects_however_many_slashes_end_the_output_path() -> None:
    for output in ("s3://bucket/out", "s3://bucket/out/", "s3://bucket/out//"):
        ran = run_job({"a.csv": b"1\n"}, lambda body: body, request(output=output, DataCaptureConfig=CAPTURE))
        found = captured(ran.store.objects)["capture/output/2026/11/22/00/ID.json"]
        assert found == [{"prefix": "s3://bucket/out/"}, "a.csv.out"]


def test_the_manifest_of_a_job_that_reads_a_manifest_names_whole_keys() -> None:
    listed = b'[{"prefix": "s3://bucket/in/"}, "a.csv", "deep/b.csv"]'
    job = request(uri="s3://bucket/m/list.json", data_type="ManifestFile", DataCaptureConfig=CAPTURE)
    objects = {"m/list.json": listed, "a.csv": b"1\n", "in/deep/b.csv": b"2\n", "in/not-named.csv": b"3\n"}
    ran = run_job(objects, lambda body: body, job)
    found = captured(ran.store.objects)["capture/input/2026/11/22/00/ID.json"]
    assert found == [{"prefix": "s3://bucket/"}, "in/a.csv", "in/deep/b.csv"]


def test_the_hour_and_the_time_are_those_of_utc_wherever_the_job_runs() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        started_at = datetime(2026, 11, 22, 23, 59, tzinfo=UTC).astimezone()
        job = request(DataCaptureConfig=WITH_ID)
        ran = run_job({"a.csv": b"1\n"}, lambda body: body, job, started_at=started_at)
    time.tzset()
    assert "capture/input/2026/11/22/23/ID.json" in captured(ran.store.objects)
    assert (ran.out("a.csv.out") or b"").endswith(b",2026-11-22T23:59:00Z\n")


def test_a_single_object_is_its_own_prefix() -> None:
    job = request(uri="s3://bucket/in/a.csv", DataCaptureConfig=CAPTURE)
    ran = run_job({"a.csv": b"1\n"}, lambda body: body, job)
    assert captured(ran.store.objects)["capture/input/2026/11/22/00/ID.json"] == [
        {"prefix": "s3://bucket/in/a.csv"},
        "",
    ]


def test_objects_without_a_result_are_in_no_manifest_and_without_any_there_is_none() -> None:
    job = request(input_filter="$[1:]", DataCaptureConfig=CAPTURE)
    ran = run_job({"a.csv": b"1,2\n", "b.csv": b"1\n"}, lambda body: body, job)
    assert captured(ran.store.objects)["capture/input/2026/11/22/00/ID.json"][1:] == ["a.csv"]
    assert captured(run_job({"b.csv": b"1\n"}, lambda body: body, job).store.objects) == {}


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("in/", ["in/a", "in/b/c"]),
        ("in", ["in/a"]),
        ("in", ["in/a", "in2/b"]),
        ("", ["a", "b/c"]),
        ("a", ["a"]),
    ],
)
def test_a_manifest_reads_back_as_the_same_objects(prefix: str, keys: list[str]) -> None:
    objects = [S3Uri("bucket", key) for key in keys]
    assert [each for _, each in manifest_entries(manifest(S3Uri("bucket", prefix), objects))] == objects


def test_each_csv_result_gets_an_id_and_the_start_of_the_job_after_the_output_filter() -> None:
    job = request(join_source="Input", output_filter="$[0,-1]", DataCaptureConfig=WITH_ID)
    ran = run_job({"a.csv": b"i,1\nj,2\n"}, line_by_line(lambda _: b"0.5"), job)
    out = (ran.out("a.csv.out") or b"").decode()
    assert re.sub(UUID, "ID", out) == "i,0.5,ID,2026-11-22T00:00:00Z\nj,0.5,ID,2026-11-22T00:00:00Z\n"
    assert len(set(re.findall(UUID, out))) == 2


def test_json_results_get_members_in_their_sorted_places_and_without_a_filter_too() -> None:
    types = {"content_type": "application/jsonlines", "accept": "application/jsonlines"}
    ran = run_job(
        {"a": b"1\n2\n"},
        line_by_line(lambda _: b'{"z":1.0, "A":"<"}'),
        request(**types, DataCaptureConfig=WITH_ID),
    )
    line = (
        '{"A":"\\u003c","SageMakerInferenceId":"ID","SageMakerInferenceTime":"2026-11-22T00:00:00Z","z":1}\n'
    )
    assert re.sub(UUID, "ID", (ran.out("a.out") or b"").decode()) == line * 2


def test_fails_for_a_json_result_that_has_no_members() -> None:
    with pytest.raises(AnswerError) as failure:
        with_inference_ids([b"[1]"], "JSON", "2026-11-22T00:00:00Z")
    assert str(failure.value) == (
        "GenerateInferenceId adds members to a JSON object, and this result isn't one;"
        " set JoinSource Input, or an OutputFilter that keeps an object"
    )
