"""The record of a run, on the local AWS with IAM enforced: what each way to end leaves below the output prefix."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.stack_outputs import INPUT_BUCKET, OUTPUT_BUCKET
from e2e.kept_record import record_of
from e2e.workflow_stack import Deployed, deployed_jobs

ON_ONE = {"transform": {"instance_type": "ml.m5.large", "invocations_max_retries": 0}}
COUNTED = {**ON_ONE, "reconcile": "records", "workflow": {"overlapping_runs": "allow"}}
JOBS: dict[str, dict[str, Any]] = {
    "score": {**ON_ONE, "behaviour": "hang-on-mark"},
    "counted": COUNTED,
    "dropping": {**COUNTED, "behaviour": "drop"},
    "doubling": {**COUNTED, "behaviour": "double"},
    "zipped": {
        **COUNTED,
        "input": {"content_type": "text/csv", "split_type": "Line", "compression_type": "Gzip"},
    },
    "unchecked": {**ON_ONE, "reconcile": "off", "behaviour": "drop"},
    "refusing": {**ON_ONE, "behaviour": "refuse-on-mark"},
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("record")
    with deployed_jobs(folder, JOBS, enforce_iam=True) as found:
        yield found


def page_of(deployed: Deployed, run: dict[str, Any]) -> tuple[str, str]:
    """The page beside a record, and its type."""
    place = S3Uri.parse(f"{run['S3OutputPath']}/_report.html")
    found = deployed.client("s3").get_object(Bucket=place.bucket, Key=place.key)
    return found["Body"].read().decode(), found["ContentType"]


def test_the_page_of_a_job_that_counts_records_has_predictions_and_those_of_the_run_before(
    deployed: Deployed,
) -> None:
    for rows in ("1,yes\n2,yes\n3,no\n", "1,yes\n2,no\n3,no\n"):
        place = deployed.upload("counted", "predicted", "a.csv", rows)
        execution = deployed.start("counted", {"input.data": place})
        assert deployed.wait(execution)["status"] == "SUCCEEDED"
    run = record_of(deployed, "counted", execution).run
    assert run["Cost"] is not None
    page, _ = page_of(deployed, run)
    assert "3 records in = 3 out + 0 bad" in page
    assert "33.3% (66.7%)" in page
    log = deployed.client("logs").filter_log_events(
        logGroupName=log_group_of(deployed, "counted", "Record"), filterPattern="CostPerThousandRecords"
    )
    [line] = [
        json.loads(event["message"]) for event in log["events"] if run["ExecutionArn"] in event["message"]
    ]
    assert line["CostPerThousandRecords"] == pytest.approx(run["Cost"]["Amount"] / 3 * 1000, rel=1e-3)


def log_group_of(deployed: Deployed, job: str, function: str) -> str:
    """The log group of one of the job's functions."""
    groups = deployed.client("logs").describe_log_groups()["logGroups"]
    [name] = [
        group["logGroupName"] for group in groups if f"{job}Workflow{function}Logs" in group["logGroupName"]
    ]
    return str(name)


def test_a_completed_run_has_its_objects_and_a_success(deployed: Deployed) -> None:
    place = deployed.upload("score", "two", "a.csv", "1,2\n")
    deployed.upload("score", "two", "b.csv", "3,4\n5,6\n")
    execution = deployed.start("score", {"input.data": place})
    assert deployed.wait(execution)["status"] == "SUCCEEDED"
    record = record_of(deployed, "score", execution)
    run = record.run
    assert record.is_success
    assert record.bad_records == []
    assert record.statuses == {"a.csv": "Completed", "b.csv": "Completed"}
    assert (run["Outcome"], run["Attempts"], run["InstanceTypes"]) == ("Completed", 1, ["ml.m5.large"])
    assert run["Objects"] == {"Total": 2, "Success": 2, "Error": 0}
    assert run["Records"] == {"Total": None, "Success": None, "Error": None}
    assert run["Reconciliation"] == {"By": "objects", "Result": "Matched", "Mismatches": []}
    assert run["StartedBy"] == {"Type": "Unknown", "Name": None}
    assert run["Input"] == {"input.data": place}
    assert run["Request"]["TransformJobName"] == run["TransformJobName"]
    assert run["Model"]["Image"].startswith("file://")
    assert [job["TransformJobStatus"] for job in run["TransformJobs"]] == ["Completed"]
    assert (run["InputObjects"], run["OutputObjects"]) == (2, 2)
    assert (run["Price"]["InstanceType"], run["Price"]["AmountPerHour"]) == ("ml.m5.large", 0.115)
    assert run["Cost"]["Currency"] == "USD"
    assert 0 < run["Cost"]["Amount"] < 1
    page, content_type = page_of(deployed, run)
    assert content_type == "text/html; charset=utf-8"
    assert page.startswith("<!DOCTYPE html>")
    assert "two/a.csv" in page
    assert "ListInputs" in page
    assert "The results match the input." in page


def test_a_run_that_the_preflight_refuses_has_a_record(deployed: Deployed) -> None:
    execution = deployed.start("score", {"transform": {"max_paylod": 3}})
    described = deployed.wait(execution)
    record = record_of(deployed, "score", execution)
    assert not record.is_success
    assert record.objects == []
    assert (record.run["Outcome"], record.run["Error"]) == ("Failed", "RunInputError")
    assert record.run["Cause"] == described["cause"]
    assert (record.run["Request"], record.run["Attempts"], record.run["TransformJobs"]) == (None, 0, [])
    assert record.run["Reconciliation"]["Result"] == "NotChecked"


def test_a_failed_run_says_which_objects_have_no_result(deployed: Deployed) -> None:
    place = deployed.upload("refusing", "mixed", "a.csv", "1,2\n")
    deployed.upload("refusing", "mixed", "b.csv", "bad,4\n")
    execution = deployed.start("refusing", {"input.data": place})
    assert deployed.wait(execution)["status"] == "FAILED"
    record = record_of(deployed, "refusing", execution)
    assert not record.is_success
    assert record.statuses == {"a.csv": "Completed", "b.csv": "Failed"}
    assert record.run["Error"] == "BatchTransform.TaskFailed"
    assert record.run["Objects"] == {"Total": 2, "Success": 1, "Error": 1}
    assert record.run["Reconciliation"]["Result"] == "NotChecked"
    assert [job["TransformJobStatus"] for job in record.run["TransformJobs"]] == ["Failed"]
    assert record.run["Attempts"] == 1
    page, _ = page_of(deployed, record.run)
    assert page.index("Why it failed") < page.index("refusing/mixed/b.csv")


def test_a_retry_completes_the_record_of_the_run(deployed: Deployed) -> None:
    place = deployed.upload("refusing", "again", "a.csv", "1,2\n")
    deployed.upload("refusing", "again", "deep/b.csv", "bad,4\n")
    first = deployed.start("refusing", {"input.data": place})
    assert deployed.wait(first)["status"] == "FAILED"
    run = record_of(deployed, "refusing", first).run["RunId"]
    deployed.replace_model("refusing", "echo")
    retry = deployed.start("refusing", {"input.data": place, "retry_of": run})
    assert deployed.wait(retry)["status"] == "SUCCEEDED"
    record = record_of(deployed, "refusing", first)
    assert record.is_success
    assert (record.run["Outcome"], record.run["Attempts"], record.run["Error"]) == ("Completed", 2, None)
    assert record.statuses == {"a.csv": "Completed", "b.csv": "Completed"}
    assert [(one["ExecutionArn"], one["Objects"]) for one in record.run["Retries"]] == [(retry, 1)]
    page, _ = page_of(deployed, record.run)
    assert "Retries" in page


def test_a_run_that_is_stopped_has_a_record(deployed: Deployed) -> None:
    place = deployed.upload("score", "endless", "a.csv", "hang,1\n")
    execution = deployed.start("score", {"input.data": place})
    deployed.job_running(execution)
    deployed.stop(execution)
    record = record_of(deployed, "score", execution)
    assert not record.is_success
    assert (record.run["Outcome"], record.statuses) == ("Aborted", {"a.csv": "Failed"})
    assert record.run["Cause"] == "The execution was stopped (StopExecution)."
    assert [job["TransformJobStatus"] for job in record.run["TransformJobs"]] == ["Stopped"]


def test_an_object_that_is_replaced_during_the_run_fails_it(deployed: Deployed) -> None:
    place = deployed.upload("score", "replaced", "a.csv", "hang,1\n")
    deployed.upload("score", "replaced", "b.csv", "1,1\n")
    execution = deployed.start("score", {"input.data": place})
    name = deployed.job_running(execution)
    deployed.upload("score", "replaced", "b.csv", "2,2\n")
    deployed.client("sagemaker").stop_transform_job(TransformJobName=name)
    assert deployed.wait(execution)["status"] == "FAILED"
    assert record_of(deployed, "score", execution).statuses == {"a.csv": "Failed", "b.csv": "Changed"}


@pytest.mark.parametrize(("job", "written"), [("dropping", 2), ("doubling", 6)])
def test_rows_that_the_model_drops_or_doubles_fail_the_run(
    deployed: Deployed, job: str, written: int
) -> None:
    execution = deployed.start(job, {"input.data": deployed.upload(job, "rows", "a.csv", "1,2\n3,4\n5,6")})
    described = deployed.wait(execution)
    assert (described["status"], described["error"]) == ("FAILED", "ReconciliationError")
    place = f"s3://{deployed.outputs[INPUT_BUCKET]}/{job}/rows/a.csv"
    assert f"{place}: 3 records in, {written} results out" in described["cause"]
    assert "next step: " in described["cause"]
    record = record_of(deployed, job, execution)
    assert record.run["Reconciliation"] == {
        "By": "records",
        "Result": "Mismatched",
        "Mismatches": [
            {
                "Object": place,
                "RecordsIn": 3,
                "RecordsOut": written,
                "Reason": f"3 records in, {written} results out",
            }
        ],
    }
    assert record.run["Cause"] == described["cause"]
    assert not record.is_success


def test_records_are_counted_also_in_gzip(deployed: Deployed) -> None:
    for job, body in (("counted", b"1,2\n3,4\n5,6"), ("zipped", gzip.compress(b'1,"2,5"\n3,4\n5,6\n'))):
        bucket = deployed.outputs[INPUT_BUCKET]
        deployed.client("s3").put_object(Bucket=bucket, Key=f"{job}/rows/a.csv.gz", Body=body)
        execution = deployed.start(job, {"input.data": f"s3://{bucket}/{job}/rows/"})
        assert deployed.wait(execution)["status"] == "SUCCEEDED"
        record = record_of(deployed, job, execution)
        assert record.run["Records"] == {"Total": 3, "Success": 3, "Error": 0}
        assert record.run["Reconciliation"] == {"By": "records", "Result": "Matched", "Mismatches": []}
        assert record.is_success


def test_a_run_that_is_not_reconciled_completes(deployed: Deployed) -> None:
    execution = deployed.start("unchecked", {})
    assert deployed.wait(execution)["status"] == "SUCCEEDED"
    record = record_of(deployed, "unchecked", execution)
    assert record.run["Reconciliation"] == {"By": "off", "Result": "NotChecked", "Mismatches": []}
    assert record.statuses == {"a.csv": "Completed"}


def test_the_files_of_a_record_are_no_results(deployed: Deployed) -> None:
    place = deployed.upload("counted", "one", "a.csv", "1,2\n")
    output = json.loads(deployed.run("counted", {"input.data": place})["output"])
    assert output["OutputObjects"] == 1
    listed = deployed.client("s3").list_objects_v2(Bucket=deployed.outputs[OUTPUT_BUCKET], Prefix="counted/")
    names = {entry["Key"].rpartition("/")[2] for entry in listed["Contents"]}
    assert names >= {"_run.json", "_objects.jsonl", "_bad_records.jsonl", "_SUCCESS", "a.csv.out"}
