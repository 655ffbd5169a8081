from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest

from batch_transform.job.record.names import SCHEMA_VERSION, is_of_record
from checks.json_schema import faults
from run_record import Ending, Run, ended, started

ROOM = resources.files("batch_transform.job.record")
RUN = Run(
    job="churn",
    job_file="",
    run_id="20261122T020001-0a1b2c3d",
    execution_arn="arn:aws:states:eu-west-1:123456789012:execution:churn:nightly",
    start_time="2026-11-22T02:00:01.000Z",
    input={},
    output={"S3OutputPath": "s3://out/churn/"},
    reconcile="objects",
)


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOM / f"{name}.schema.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_run.json", True),
        ("_SUCCESS", True),
        ("_parts/1/a.csv.out", True),
        ("a.csv.out", False),
        ("_a.csv.out", False),
        ("b/_a.csv.out", False),
    ],
)
def test_results_are_told_from_the_files_of_a_record(name: str, expected: bool) -> None:
    assert is_of_record(name) is expected


def test_a_run_has_a_valid_record_from_its_start_to_its_end() -> None:
    record = started(RUN, None)
    assert list(faults(record, schema("run"))) == []
    assert record["SchemaVersion"] == SCHEMA_VERSION
    last = ended(record, Ending("Aborted", "2026-11-22T02:00:02.000Z", cause="stopped"), [])
    assert list(faults(last, schema("run"))) == []
    assert (last["Outcome"], last["Attempts"], last["InstanceTypes"]) == ("Aborted", None, [])


def test_an_unknown_member_is_no_record() -> None:
    found = list(faults({**started(RUN, None), "Colour": "red", "Job": 7}, schema("run")))
    assert found == ["$.Job: 7 is not of type string", "$: Colour is not expected"]


def test_a_run_that_never_looked_for_its_model_has_a_valid_record() -> None:
    """Another run of a job with a package group kept it from running."""
    request = {
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in/a/"}}},
        "TransformOutput": {"S3OutputPath": "s3://out/a/"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    record = ended(started(replace(RUN, request=request), None), Ending("Failed", RUN.start_time), [])
    assert list(faults(record, schema("run"))) == []
    assert (record["ModelName"], record["S3Uri"]) == (None, "s3://in/a/")
