"""The output and the metrics of a completed run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from batch_transform.local.cloudwatch.embedded_metrics import embedded_metrics
from fakes.budgets import NOTHING, PLENTY
from fakes.s3 import FakeS3
from metrics import metrics_line
from results import CompletedRun, count

OBJECTS = {
    ("data-in", "churn/"): 0,
    ("data-in", "churn/a.csv"): 10,
    ("data-in", "churn/z/c.csv"): 5,
    ("out", "churn/run/a.csv.out"): 7,
    ("out", "churn/run/z/c.csv.out"): 4,
    ("out", "churn/run/z/notes.txt"): 100,
    ("out", "churn/another/a.csv.out"): 1000,
}
EVENT = {  # as `.sync` returns it
    "CreationTime": 1795312800000,
    "TransformStartTime": 1795312860250,
    "TransformEndTime": 1795312920750,
}


def a_run(data_type: str = "S3Prefix", completed: dict[str, Any] | None = None) -> CompletedRun:
    source = {"S3DataType": data_type, "S3Uri": "s3://data-in/churn/"}
    request = {
        "TransformInput": {"DataSource": {"S3DataSource": source}},
        "TransformOutput": {"S3OutputPath": "s3://out/churn/run"},
    }
    return CompletedRun(
        run={"Outcome": "Completed", "Attempts": 1, "RunningExecutionArn": None},
        request=request,
        completed=EVENT if completed is None else completed,
    )


def test_objects_and_bytes_are_counted_on_both_sides() -> None:
    counts = count(a_run(), FakeS3(OBJECTS), PLENTY)
    assert (counts["InputObjects"], counts["InputBytes"]) == (2, 15)
    assert (counts["OutputObjects"], counts["OutputBytes"]) == (2, 11)


def test_times_are_in_utc_and_the_billed_time_is_in_seconds() -> None:
    counts = count(a_run(), FakeS3(OBJECTS), PLENTY)
    assert counts["CreationTime"] == "2026-11-22T02:00:00.000Z"
    assert counts["TransformStartTime"] == "2026-11-22T02:01:00.250Z"
    assert counts["TransformEndTime"] == "2026-11-22T02:02:00.750Z"
    assert counts["BillableTimeInSeconds"] == 60


def test_the_billed_time_of_several_attempts_is_left_to_the_record() -> None:
    run = a_run()
    several = dataclasses.replace(run, run={**run.run, "Attempts": 2})
    assert count(several, FakeS3(OBJECTS), PLENTY)["BillableTimeInSeconds"] is None


@pytest.mark.parametrize("zone", ["Z", "+00:00"])
def test_times_of_a_found_transform_job_are_read_from_strings(zone: str) -> None:
    described = {
        "CreationTime": f"2026-11-22T02:00:00{zone}",
        "TransformStartTime": f"2026-11-22T02:01:00.250{zone}",
        "TransformEndTime": f"2026-11-22T02:02:00.750{zone}",
    }
    found = count(a_run(completed=described), FakeS3(OBJECTS), PLENTY)
    assert found == count(a_run(), FakeS3(OBJECTS), PLENTY)


def test_unknown_values_are_null() -> None:
    counts = count(a_run("ManifestFile", completed={}), FakeS3(OBJECTS), PLENTY)
    assert counts.pop("RunningExecutionArn") is None
    assert [name for name, value in counts.items() if value is None] == [
        "CreationTime",
        "TransformStartTime",
        "TransformEndTime",
        "BillableTimeInSeconds",
        "InputObjects",
        "InputBytes",
        "AtLeast",
    ]


def test_what_was_counted_until_the_time_was_over_is_a_lower_bound_and_no_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    objects = OBJECTS | {("data-in", f"churn/{number}.csv"): 1 for number in range(7)}
    counts = count(a_run(), FakeS3(objects, page_size=3), NOTHING)
    assert (counts["InputObjects"], counts["InputBytes"]) == (None, None)
    assert counts["AtLeast"] == {"InputObjects": 2, "InputBytes": 2}, (
        "the first page: a folder marker and two objects"
    )
    assert (counts["OutputObjects"], counts["OutputBytes"]) == (2, 11), "one page is all of it"
    assert "below s3://data-in/churn/ there are at least 2 objects" in capsys.readouterr().out


def test_a_side_that_cannot_be_listed_is_not_known_and_the_other_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Denied(FakeS3):
        def paginate(self, *, Bucket: str, Prefix: str, **asked: str) -> Iterator[dict[str, Any]]:  # noqa: N803  # AWS's names
            if Bucket == "data-in":
                raise ClientError(
                    {"Error": {"Code": "SlowDown", "Message": "Please reduce"}}, "ListObjectsV2"
                )
            return super().paginate(Bucket=Bucket, Prefix=Prefix, **asked)

    counts = count(a_run(), Denied(OBJECTS), PLENTY)
    assert (counts["InputObjects"], counts["OutputObjects"], counts["AtLeast"]) == (None, 2, None)
    assert counts["BillableTimeInSeconds"] == 60
    assert "SlowDown" in capsys.readouterr().out


_NOW = datetime(2026, 11, 22, 2, 0, 1, 500_000, tzinfo=UTC)
_EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:Tumours-x1:scheduled-1"
_MACHINE = {"StateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:Tumours-x1"}


def test_what_is_known_of_a_run_becomes_metrics_of_its_state_machine() -> None:
    numbers = {"InputObjects": 3, "OutputObjects": None, "InstanceSeconds": 121, "InputBytes": 9}
    line = metrics_line(_EXECUTION, numbers, _NOW)
    assert line is not None
    found = {datum.name: (datum.value, datum.unit) for datum in embedded_metrics(line)}
    assert found == {"InputObjects": (3.0, "Count"), "InstanceSeconds": (121.0, "Seconds")}
    assert all(datum.namespace == "BatchTransform" for datum in embedded_metrics(line))
    assert all(datum.dimensions == _MACHINE for datum in embedded_metrics(line))
    assert all(datum.timestamp == _NOW.timestamp() for datum in embedded_metrics(line))
    assert json.loads(line)["ExecutionArn"] == _EXECUTION, "a reader of the log finds the run"


def test_nothing_known_is_no_line() -> None:
    assert metrics_line(_EXECUTION, {"InputObjects": None}, _NOW) is None
