"""The record of a run as it is in S3, checked against its schemas."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.job.values.run import run_id
from batch_transform.job.values.stack_outputs import OUTPUT_BUCKET
from checks.json_schema import faults
from e2e.workflow_stack import Deployed
from patience import PATIENCE_SECONDS

_ROOM = resources.files("batch_transform.job.record")


@dataclass(frozen=True)
class KeptRecord:
    """`run` is `_run.json`, `objects` and `bad_records` are the lines of the other files."""

    run: dict[str, Any]
    objects: list[dict[str, Any]]
    bad_records: list[dict[str, Any]]
    is_success: bool

    @property
    def statuses(self) -> dict[str | None, str]:
        """The status of each input object, by the last part of its key."""
        return {one["Key"] and one["Key"].rpartition("/")[2]: one["Status"] for one in self.objects}


def record_of(deployed: Deployed, job: str, execution: str, *, bucket: str = "") -> KeptRecord:
    """Return the record of an execution, once it is final. Its lines are valid by their schemas."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = _record_now(deployed, job, execution, bucket or deployed.outputs[OUTPUT_BUCKET])
        if found is not None and found.run["Outcome"] is not None:
            return found
        assert time.monotonic() < deadline, f"{execution} has no final record: {found}"
        time.sleep(0.2)


def agreeing_record(deployed: Deployed, job: str, described: Mapping[str, Any]) -> KeptRecord:
    """Return the record of an execution that has ended, which agrees with what the services say about the run."""
    execution = described["executionArn"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:  # a transform job that is being stopped ends after its run
        record = record_of(deployed, job, execution)
        jobs = [
            (each["TransformJobName"], each["TransformJobStatus"], each.get("TransformEndTime") is not None)
            for each in deployed.jobs_of(execution)
        ]
        if _jobs_of(record) == jobs and all(has_ended for _, _, has_ended in jobs):
            break
        assert time.monotonic() < deadline, f"{_jobs_of(record)} aren't {jobs}"
        time.sleep(0.2)
    run = record.run
    outcomes = {"SUCCEEDED": "Completed", "FAILED": "Failed", "TIMED_OUT": "TimedOut", "ABORTED": "Aborted"}
    assert run["Outcome"] == outcomes[described["status"]]
    assert record.is_success == (run["Outcome"] == "Completed")
    if run["Outcome"] == "Failed":
        assert (run["Error"], run["Cause"]) == (described["error"], described["cause"])
    if run["Outcome"] == "Completed":
        output = json.loads(described["output"])
        assert {name: run[name] for name in output if name in run} == {
            name: value for name, value in output.items() if name in run
        }
    statuses = Counter(line["Status"] for line in record.objects if line["Key"] is not None)
    if run["Request"] is not None and run["Error"] != "OverlappingRun":
        total = sum(statuses.values())
        assert run["Objects"] == {
            "Total": total,
            "Success": statuses["Completed"],
            "Error": total - statuses["Completed"],
        }
    seconds = [each["BillableTimeInSeconds"] or 0 for each in run["TransformJobs"]]
    assert run["BillableTimeInSeconds"] == (sum(seconds) if seconds else None)
    assert (run["Cost"] is not None) == bool(seconds)
    return record


def _jobs_of(record: KeptRecord) -> list[tuple[str, str, bool]]:
    return [
        (each["TransformJobName"], each["TransformJobStatus"], each["TransformEndTime"] is not None)
        for each in record.run["TransformJobs"]
    ]


def _record_now(deployed: Deployed, job: str, execution: str, bucket: str) -> KeptRecord | None:
    s3 = deployed.client("s3")
    started = deployed.describe(execution)["startDate"]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{job}/")
    of_run = run_id(execution, started)[-8:]
    keys = [entry["Key"] for entry in listed.get("Contents", []) if f"-{of_run}/_" in entry["Key"]]

    def text(name: str) -> str:
        [key] = [key for key in keys if key.endswith(f"/{name}")]
        return str(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())

    try:
        run = json.loads(text("_run.json"))
        objects = [json.loads(line) for line in text("_objects.jsonl").splitlines()]
        bad = [json.loads(line) for line in text("_bad_records.jsonl").splitlines()] if run["Outcome"] else []
    except (ValueError, ClientError):
        return None  # not written yet
    assert list(faults(run, _schema("run"))) == []
    assert [fault for line in objects for fault in faults(line, _schema("objects"))] == []
    assert [fault for line in bad for fault in faults(line, _schema("bad_records"))] == []
    if any(key.endswith("/_predictions.json") for key in keys):
        assert list(faults(json.loads(text("_predictions.json")), _schema("predictions"))) == []
    return KeptRecord(run, objects, bad, any(key.endswith("/_SUCCESS") for key in keys))


def _schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_ROOM / f"{name}.schema.json").read_text(encoding="utf-8"))
    return found
