"""Runs that leave bad records out, in the deployed state machine: with IAM enforced, in every state."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from batch_transform.job.values.stack_outputs import OUTPUT_BUCKET
from e2e.kept_record import agreeing_record
from e2e.workflow_stack import Deployed, deployed_jobs

ROWS = 4000
"""So many that the first round cuts them into sections of several lines, and another one into lines."""

FEW_ROWS = 200
"""So few that the first round cuts them into lines."""

JOBS: dict[str, dict[str, Any]] = {
    "joined": {
        "behaviour": "poison",
        "data_processing": {"join_source": "Input"},
        "bad_records": {"max_count": 20, "keep_records": True},
        "reconcile": "records",
    },
    "marked": {
        "behaviour": "poison",
        "input": {"content_type": "text/csv", "split_type": "Line", "compression_type": "Gzip"},
        "transform": {"strategy": "SingleRecord"},
        "bad_records": {"max_percent": 1, "result": "ERROR"},
        "reconcile": "records",
    },
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_jobs(tmp_path_factory.mktemp("bad-records"), JOBS, enforce_iam=True) as found:
        yield found


def rows(poisoned: set[int], count: int = ROWS) -> list[str]:
    """Rows of a CSV, some of which the model refuses."""
    return [f'id-{at},"a, {"poison" if at in poisoned else "b"}"' for at in range(1, count + 1)]


def put(
    deployed: Deployed, job: str, folder: str, objects: dict[str, list[str]], *, pack: bool = False
) -> str:
    uri = ""
    for name, lines in objects.items():
        uri = deployed.upload(job, folder, name, "\n".join(lines))
        if pack:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            data = gzip.compress("\n".join(lines).encode())
            deployed.client("s3").put_object(Bucket=bucket, Key=f"{key}{name}", Body=data)
    return uri


def result_of(deployed: Deployed, output: dict[str, Any], name: str) -> bytes:
    bucket, _, key = output["S3OutputPath"].removeprefix("s3://").partition("/")
    body: bytes = deployed.client("s3").get_object(Bucket=bucket, Key=f"{key}/{name}")["Body"].read()
    return body


def sections_left(deployed: Deployed) -> list[str]:
    found = deployed.client("s3").list_object_versions(
        Bucket=deployed.outputs[OUTPUT_BUCKET], Prefix="_sections/"
    )
    return [entry["Key"] for entry in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]]


def test_a_run_completes_without_its_bad_records(deployed: Deployed) -> None:
    poisoned = {1, 2, 1234, ROWS}
    uri = put(deployed, "joined", "some", {"a.csv": rows(poisoned), "b.csv": rows(set(), 5)})
    described = deployed.run("joined", {"input.data": uri})
    assert described["status"] == "SUCCEEDED", described.get("cause")
    output = json.loads(described["output"])
    assert output["BadRecords"] == 4
    kept = [line for at, line in enumerate(rows(poisoned), 1) if at not in poisoned]
    assert result_of(deployed, output, "a.csv.out").decode() == "".join(f"{line},{line}\n" for line in kept)
    listed = [json.loads(line) for line in result_of(deployed, output, "_bad_records.jsonl").splitlines()]
    assert [(one["Object"], one["Line"]) for one in listed] == [
        (f"{uri}a.csv", at) for at in sorted(poisoned)
    ]
    assert all("ClientError: 400" in one["Reason"] for one in listed)
    assert [one["Record"] for one in listed] == [rows(poisoned)[at - 1] for at in sorted(poisoned)]
    states = deployed.states(described["executionArn"])
    assert states.count("Transform") == 1 + 2
    record = json.loads(result_of(deployed, output, "_run.json"))
    assert record["Records"] == {"Total": ROWS + 5, "Success": ROWS + 1, "Error": 4}
    assert record["Reconciliation"]["Result"] == "Matched"
    assert [job["Round"] for job in record["TransformJobs"]] == [0, 1, 2]
    assert record["BadRecords"] == 4
    assert output["BillableTimeInSeconds"] == sum(
        job["BillableTimeInSeconds"] for job in record["TransformJobs"]
    )
    agreeing_record(deployed, "joined", described)
    assert sections_left(deployed) == []


def test_a_marker_stands_in_the_place_of_a_bad_record(deployed: Deployed) -> None:
    poisoned = {7}
    uri = put(deployed, "marked", "some", {"a.csv.gz": rows(poisoned, FEW_ROWS)}, pack=True)
    described = deployed.run("marked", {"input.data": uri})
    assert described["status"] == "SUCCEEDED", described.get("cause")
    output = json.loads(described["output"])
    expected = ["ERROR" if at in poisoned else line for at, line in enumerate(rows(poisoned, FEW_ROWS), 1)]
    assert result_of(deployed, output, "a.csv.gz.out").decode().splitlines() == expected
    record = json.loads(result_of(deployed, output, "_run.json"))
    assert (output["BadRecords"], record["BadRecords"]) == (1, 1)
    assert record["Records"] == {"Total": FEW_ROWS, "Success": FEW_ROWS - 1, "Error": 1}
    assert record["Reconciliation"]["Result"] == "Matched"


def test_fails_a_run_with_more_bad_records_than_allowed_after_one_further_job(deployed: Deployed) -> None:
    uri = put(deployed, "joined", "many", {"a.csv": rows(set(range(1, FEW_ROWS, 2)), FEW_ROWS)})
    described = deployed.run("joined", {"input.data": uri})
    assert described["status"] == "FAILED"
    assert described["error"] == "BadRecordsError"
    assert "100 bad records, but bad_records.max_count allows 20" in described["cause"]
    assert deployed.states(described["executionArn"]).count("Transform") == 2
    assert agreeing_record(deployed, "joined", described).run["BadRecords"] is None


def test_fails_a_run_whose_model_is_broken(deployed: Deployed) -> None:
    uri = put(deployed, "joined", "all", {"a.csv": rows({1, 2, 3}, 3)})
    described = deployed.run("joined", {"input.data": uri})
    assert described["status"] == "FAILED"
    assert "it is the model, not the records" in described["cause"]
    agreeing_record(deployed, "joined", described)


def test_fails_a_run_whose_own_input_makes_results_inexact(deployed: Deployed) -> None:
    described = deployed.run("marked", {"transform.strategy": "MultiRecord", "output.assemble_with": "None"})
    assert described["status"] == "FAILED"
    assert "bad_records can't put results together" in described["cause"]
