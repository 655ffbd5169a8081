"""Retries of runs, on the local AWS with IAM enforced: only what has no result is scored, into the same output."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.stack_outputs import INPUT_BUCKET, OUTPUT_BUCKET
from batch_transform.runs.run_jobs import record_counts
from e2e.deployed_commands import commands
from e2e.kept_record import KeptRecord, record_of
from e2e.workflow_stack import Deployed, deployed_jobs

LINES = {"content_type": "text/csv", "split_type": "Line"}
REFUSING: dict[str, Any] = {
    "behaviour": "refuse-on-mark",
    "transform": {"instance_type": "ml.m5.large", "invocations_max_retries": 0},
    "reconcile": "records",
    "workflow": {"overlapping_runs": "fail"},
}
JOBS: dict[str, dict[str, Any]] = {
    "joined": {**REFUSING, "data_processing": {"join_source": "Input", "output_filter": "$[0,-1]"}},
    "zipped": {**REFUSING, "input": {**LINES, "compression_type": "Gzip"}},
    "named": {**REFUSING, "reconcile": "objects", "input": {**LINES, "data_type": "ManifestFile"}},
    "lenient": {**REFUSING, "behaviour": "hang-on-mark", "bad_records": {"max_count": 2, "result": "ERROR"}},
    "stopped": {**REFUSING, "behaviour": "hang-on-mark"},
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("retry")
    with deployed_jobs(folder, JOBS, enforce_iam=True) as found:
        yield found


def put(deployed: Deployed, job: str, files: Mapping[str, bytes]) -> str:
    """Upload the objects of a run, and return their prefix."""
    bucket = deployed.outputs[INPUT_BUCKET]
    for name, body in files.items():
        deployed.client("s3").put_object(Bucket=bucket, Key=f"{job}/in/{name}", Body=body)
    return f"s3://{bucket}/{job}/in/"


def results(deployed: Deployed, path: str) -> dict[str, bytes]:
    """The results below a run's output, by their names."""
    place, s3 = S3Uri.parse(path), deployed.client("s3")
    listed = s3.list_objects_v2(Bucket=place.bucket, Prefix=f"{place.key}/")["Contents"]
    return {
        entry["Key"].removeprefix(f"{place.key}/"): s3.get_object(Bucket=place.bucket, Key=entry["Key"])[
            "Body"
        ].read()
        for entry in listed
        if entry["Key"].endswith(".out")
    }


def record_after(deployed: Deployed, job: str, first: str, retry: str) -> KeptRecord:
    """The record of the first execution once the retry has ended, which the retry has continued."""
    assert deployed.describe(retry)["status"] != "RUNNING"
    record = record_of(deployed, job, first)
    assert record.run["Retries"][-1]["ExecutionArn"] == retry
    return record


def failed(deployed: Deployed, job: str, run_input: Mapping[str, Any]) -> tuple[str, KeptRecord]:
    """Start a run that fails, and return its execution and its record."""
    execution = deployed.start(job, run_input)
    described = deployed.wait(execution)
    assert described["status"] == "FAILED", described
    return execution, record_of(deployed, job, execution)


NESTED = {
    "a.csv": b"1,2\n",
    "a-b.csv": b"3,4\n5,6\n",
    "deep/er/c d.csv": b"bad,7\n",
    "deep/\xc3\xa4.csv".encode().decode(): b"bad,8\n9,9\n",
}


@pytest.mark.parametrize("job", ["joined", "zipped", "named"])
def test_a_retry_scores_what_failed_and_leaves_the_results_of_a_run_that_never_failed(
    deployed: Deployed, job: str
) -> None:
    files = {name: gzip.compress(body) if job == "zipped" else body for name, body in NESTED.items()}
    place = put(deployed, job, files)
    if job == "named":
        manifest = json.dumps([{"prefix": place}, *files])
        put(deployed, job, {"all.manifest": manifest.encode()})
        place += "all.manifest"
    first, before = failed(deployed, job, {"input.data": place})
    kept = results(deployed, before.run["S3OutputPath"])
    assert set(kept) == {"a.csv.out", "a-b.csv.out"}
    versions = etags(deployed, before.run["S3OutputPath"])
    deployed.replace_model(job, "echo")
    retry = deployed.start(job, {"input.data": place, "retry_of": before.run["RunId"]})
    described = deployed.wait(retry)
    assert described["status"] == "SUCCEEDED", described
    output = json.loads(described["output"])
    assert output["S3OutputPath"] == before.run["S3OutputPath"]
    record = record_after(deployed, job, first, retry)
    clean = json.loads(deployed.run(job, {"input.data": place})["output"])
    assert results(deployed, output["S3OutputPath"]) == results(deployed, clean["S3OutputPath"])
    now = etags(deployed, output["S3OutputPath"])
    assert {name: now[name] for name in kept} == {name: versions[name] for name in kept}
    [scored] = deployed.jobs_of(retry)
    assert scored["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"] == "ManifestFile"
    assert scored_records(deployed, scored["TransformJobName"]) == 3
    assert record.is_success
    assert set(record.statuses.values()) == {"Completed"}
    run = record.run
    assert (run["Outcome"], run["Error"], run["ExecutionArn"]) == ("Completed", None, first)
    assert run["Objects"] == {"Total": 4, "Success": 4, "Error": 0}
    assert run["Attempts"] == 2
    assert [one["TransformJobStatus"] for one in run["TransformJobs"]] == ["Failed", "Completed"]
    assert run["Cost"]["Amount"] > before.run["Cost"]["Amount"]
    assert run["Reconciliation"]["Result"] == "Matched"
    assert (
        run["Request"]["TransformInput"]["DataSource"]
        == before.run["Request"]["TransformInput"]["DataSource"]
    )
    if job != "named":
        assert run["Records"] == {"Total": 6, "Success": 6, "Error": 0}
        assert (run["InputObjects"], run["OutputObjects"]) == (4, 4)
    [retried] = run["Retries"]
    assert (retried["Outcome"], retried["Objects"], retried["Changes"]) == ("Completed", 2, [])
    assert retried["Cost"]["Amount"] == pytest.approx(
        run["Cost"]["Amount"] - before.run["Cost"]["Amount"], abs=2e-6
    )
    again = deployed.run(job, {"input.data": place, "retry_of": run["RunId"]})
    assert again["error"] == "RetryError"
    assert "there is nothing to retry" in again["cause"]
    assert record_of(deployed, job, first) == record


def etags(deployed: Deployed, path: str) -> dict[str, tuple[str, Any]]:
    place = S3Uri.parse(path)
    listed = deployed.client("s3").list_objects_v2(Bucket=place.bucket, Prefix=f"{place.key}/")["Contents"]
    return {
        entry["Key"].removeprefix(f"{place.key}/"): (entry["ETag"], entry["LastModified"]) for entry in listed
    }


def scored_records(deployed: Deployed, job: str) -> int:
    """The records that the local AWS counted in a transform job."""
    return int(record_counts(job, deployed.client("logs"))["records"])


def test_a_retry_that_fails_or_is_stopped_can_be_retried_again(deployed: Deployed) -> None:
    job = "stopped"
    place = put(deployed, job, {"a.csv": b"1,2\n", "b.csv": b"hang,2\n"})
    first = deployed.start(job, {"input.data": place})
    deployed.job_running(first)
    deployed.stop(first)
    before = record_of(deployed, job, first)
    run_id = before.run["RunId"]
    assert before.run["Outcome"] == "Aborted"
    again = {"input.data": place, "retry_of": run_id}
    second = deployed.start(job, again)
    deployed.job_running(second)
    other = deployed.run(job, again)  # while it is in progress
    assert other["error"] == "OverlappingRun"
    deployed.stop(second)
    record = record_after(deployed, job, first, second)
    assert (record.run["Outcome"], record.is_success) == ("Aborted", False)
    assert [one["Outcome"] for one in record.run["Retries"]] == ["Aborted"]
    assert record.statuses["b.csv"] == "Failed"
    deployed.replace_model(job, "echo")
    third = deployed.start(job, again)
    assert deployed.wait(third)["status"] == "SUCCEEDED"
    record = record_after(deployed, job, first, third)
    assert (record.run["Outcome"], record.is_success) == ("Completed", True)
    assert [one["Manifest"].rpartition("/")[2] for one in record.run["Retries"]] == [
        "_retry-1.manifest",
        "_retry-2.manifest",
    ]
    assert record.statuses == {"a.csv": "Completed", "b.csv": "Completed"}


def test_a_retry_leaves_bad_records_out(deployed: Deployed) -> None:
    job = "lenient"
    place = put(deployed, job, {"a.csv": b"1,2\n", "b.csv": b"2,1\nbad,2\nhang,3\n"})
    first = deployed.start(job, {"input.data": place})
    deployed.job_running(first)
    deployed.stop(first)
    before = record_of(deployed, job, first)
    deployed.replace_model(job, "refuse-on-mark")
    retry = deployed.start(job, {"input.data": place, "retry_of": before.run["RunId"]})
    described = deployed.wait(retry)
    assert described["status"] == "SUCCEEDED", described
    output = json.loads(described["output"])
    assert output["BadRecords"] == 1
    clean = json.loads(deployed.run(job, {"input.data": place})["output"])
    assert results(deployed, output["S3OutputPath"]) == results(deployed, clean["S3OutputPath"])
    record = record_after(deployed, job, first, retry)
    assert (record.run["Outcome"], record.run["BadRecords"], record.is_success) == ("Completed", 1, True)
    assert record.run["Records"] == {"Total": 4, "Success": 3, "Error": 1}
    assert [(one["Object"], one["Line"]) for one in record.bad_records] == [(f"{place}b.csv", 2)]


def test_fails_to_retry_what_has_changed_and_leaves_its_record_alone(deployed: Deployed) -> None:
    job = "joined"
    place = put(deployed, job, {"one/a.csv": b"1,2\n", "one/b.csv": b"bad,2\n"}) + "one/"
    deployed.replace_model(job, "refuse-on-mark")
    first, before = failed(deployed, job, {"input.data": place})
    again = {"input.data": place, "retry_of": before.run["RunId"]}
    for changed, said in (
        (
            {**again, "data_processing.output_filter": "$"},
            "DataProcessing.OutputFilter: $[0,-1] before, $ now",
        ),
        ({**again, "input.data": place.removesuffix("one/")}, "with the same input.data"),
        (
            {**again, "retry_of": "20200101T000000-00000000"},
            "run 20200101T000000-00000000 has no record",
        ),
    ):
        described = deployed.run(job, changed)
        assert described["error"] == "RetryError"
        assert said in described["cause"]
    assert "must be the id of a run" in deployed.run(job, {**again, "retry_of": "../other"})["cause"]
    put(deployed, job, {"one/b.csv": b"3,2\n"})
    described = deployed.run(job, again)
    assert described["error"] == "RetryError"
    assert f"was replaced or deleted since: {place}b.csv; its output would have" in described["cause"]
    assert record_of(deployed, job, first) == before
    names = deployed.client("s3").list_objects_v2(
        Bucket=deployed.outputs[OUTPUT_BUCKET], Prefix=f"{job}/{before.run['RunId']}/_retry"
    )
    assert names["KeyCount"] == 0


def test_the_command_says_what_it_scores_and_how_the_whole_run_stands(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    job = "joined"
    command = commands(deployed, tmp_path, monkeypatch, capsys)
    deployed.replace_model(job, "refuse-on-mark")
    place = put(deployed, job, {"two/a.csv": b"1,2\n", "two/b.csv": b"bad,2\n"}) + "two/"
    _, before = failed(deployed, job, {"input.data": place})
    run_id = before.run["RunId"]
    refused = command("retry", job, "--set", "data_processing.output_filter=$[0]")
    assert refused.code == 2
    assert "DataProcessing.OutputFilter: $[0,-1] before, $[0] now" in refused.err
    still = command("retry", run_id, "--wait")
    assert (still.code, still.value("retry")) == (1, f"of  {run_id}: 1 of 2 objects have no result (6 bytes)")
    assert still.value("scores") == f"{place}b.csv"
    assert "BatchTransform.TaskFailed" in still.err
    deployed.replace_model(job, "echo")
    done = command("retry", job, "--wait", "--set", "transform.max_concurrent_transforms=1")
    assert done.code == 0
    assert "whole run 2 of 2 objects have a result; 2 records in, 2 out: they match" in done.out
    shown = command("show", run_id).out
    assert "SUCCEEDED" in shown
    assert shown.count("\nretried ") == 2
    listed = command("runs", job).out
    assert f"{run_id}  completed by 2 retries" in listed
    assert f"retry of {run_id}; BatchTransform.TaskFailed: " in listed
    for text in (run_id, done.value("run")):
        again = command("retry", text)
        assert again.code == 2
        assert f"every input object of the run {run_id} has its result" in again.err
    page = command("show", run_id, "--html", "--no-open")
    assert "Retries" in Path(page.out.strip()).read_text()
