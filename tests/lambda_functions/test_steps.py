"""The record of a run from its start to its end, in a store in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import record_files
from batch_transform.job.values.run import run_id
from ended_run import write_of_ended
from fakes.budgets import NOTHING, PLENTY, looks
from fakes.object_store import ObjectStore
from run_record import Ending, Run
from steps import RecordSteps

BEGAN = datetime(2026, 11, 22, 2, 0, 1, tzinfo=UTC)
ARN = "arn:aws:states:eu-west-1:123456789012:execution:churn:nightly"
OUT = f"churn/{run_id(ARN, BEGAN)}/"
REQUEST = {
    "ModelName": "churn",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in/churn/"}},
        "SplitType": "Line",
    },
    "TransformOutput": {"S3OutputPath": f"s3://out/{OUT[:-1]}", "AssembleWith": "Line"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}
JOB = f"churn-{run_id(ARN, BEGAN)}-1"
DECLARED = {"S3OutputPath": "s3://out/churn/"}


class NoJobs:
    """SageMaker without a transform job, and with one model."""

    def get_paginator(self, _operation: str, /) -> NoJobs:
        return self

    def paginate(self, **_request: str) -> Iterator[dict[str, Any]]:
        yield {"TransformJobSummaries": []}

    def describe_transform_job(self, *, TransformJobName: str) -> Any:  # noqa: N803  # AWS's names
        raise AssertionError(TransformJobName)

    def describe_model(self, *, ModelName: str) -> Any:  # noqa: N803
        return {"ModelName": ModelName, "PrimaryContainer": {"Image": "image@sha256:" + "0" * 64}}


def a_run(store: Any, reconcile: str = "objects") -> RecordSteps:
    run = Run(
        job="churn",
        job_file="",
        run_id=run_id(ARN, BEGAN),
        execution_arn=ARN,
        start_time="2026-11-22T02:00:01.000Z",
        input={},
        output=DECLARED,
        reconcile=reconcile,
        request=REQUEST,
    )
    return RecordSteps(run, store, NoJobs())


def scored(store: Any, count: int) -> None:
    for number in range(count):
        store.put(f"s3://out/{OUT}{number:05}.csv.out", b"1\n")


def uploaded(count: int) -> Any:
    store = ObjectStore(page_size=100)
    for number in range(count):
        store.put(f"s3://in/churn/{number:05}.csv", b"1,2\n")
    return store


def kept(store: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(store.objects["out", f"{OUT}_run.json"])
    return found


def of_ended(event: dict[str, Any], store: Any, sagemaker: NoJobs, states: Any = lambda *_: ()) -> str:
    """Write the record of a run that ended; return what the function logs."""
    said, written = write_of_ended(event, store, sagemaker, states, PLENTY)
    assert (written is not None) == ("wrote its record" in said)
    return said


def test_a_run_that_was_stopped_does_not_know_how_many_records_are_bad() -> None:
    store = uploaded(2)
    steps = a_run(store)
    steps.list_inputs(PLENTY)
    assert kept(store)["BadRecords"] is None
    store.put(f"s3://out/{OUT}_bad_records.jsonl", b'{"Object":"s3://in/churn/00000.csv"}\n')
    assert steps.write(Ending("Aborted", BEGAN.isoformat()), PLENTY)["BadRecords"] is None


@pytest.mark.parametrize("reconcile", ["objects", "records"])
def test_many_objects_are_reconciled_and_recorded_a_part_at_a_time(
    reconcile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_files, "PART_BYTES", 2000)
    store = uploaded(300)
    steps = a_run(store, reconcile)
    steps.list_inputs(PLENTY)
    scored(store, 300)
    assert steps.reconcile(None, PLENTY) == {"done": True, "cursor": {}, "error": "", "cause": ""}
    steps.write(Ending("Completed", "2026-11-22T02:01:00.000Z"), PLENTY)
    record = kept(store)
    assert record["Objects"] == {"Total": 300, "Success": 300, "Error": 0}
    assert record["Records"]["Total"] == (300 if reconcile == "records" else None)
    assert record["Reconciliation"]["Result"] == "Matched"
    assert record["Model"]["ImageDigest"] == "sha256:" + "0" * 64
    assert ("out", f"{OUT}_SUCCESS") in store.objects
    assert store.uploads == {}


def test_a_mismatch_names_the_first_objects_and_how_many_more() -> None:
    store = uploaded(8)
    steps = a_run(store)
    steps.list_inputs(PLENTY)
    found = steps.reconcile(None, PLENTY)
    assert found["error"] == "ReconciliationError"
    assert "s3://in/churn/00000.csv: the object has no result" in found["cause"]
    assert found["cause"].endswith(f"and 3 more, in s3://out/{OUT}_objects.jsonl")


def test_a_run_whose_input_was_not_listed_is_not_checked() -> None:
    store = uploaded(2)
    steps = a_run(store)
    assert steps.reconcile(None, PLENTY)["error"] == ""
    steps.write(Ending("Completed", "2026-11-22T02:01:00.000Z"), PLENTY)
    assert kept(store)["Reconciliation"]["Result"] == "NotChecked"


def ended_badly(status: str, seconds: int = 0) -> dict[str, Any]:
    milliseconds = int(BEGAN.timestamp() * 1000)
    detail = {
        "executionArn": ARN,
        "status": status,
        "startDate": milliseconds + 1000 * seconds,
        "stopDate": milliseconds + 60_000,
        "input": "{}",
    }
    return {
        "job": "churn",
        "job_file": "",
        "output": DECLARED,
        "reconcile": "objects",
        "leaves_out": False,
        "details": True,
        "ended_badly": detail,
    }


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_a_stopped_run_is_recorded_where_it_wrote_whatever_the_events_clock(seconds: int) -> None:
    store = uploaded(2)
    a_run(store).list_inputs(PLENTY)
    scored(store, 1)
    of_ended(ended_badly("ABORTED", seconds), store, NoJobs())
    record = kept(store)
    assert (record["Outcome"], record["Attempts"]) == ("Aborted", None)
    assert record["Objects"] == {"Total": 2, "Success": 1, "Error": 1}
    assert ("out", f"{OUT}_SUCCESS") not in store.objects


def test_a_record_that_the_state_machine_wrote_stays() -> None:
    store = uploaded(1)
    steps = a_run(store)
    steps.list_inputs(PLENTY)
    steps.write(Ending("Failed", "2026-11-22T02:01:00.000Z", error="E", cause="C"), PLENTY)
    assert "has written its record: Failed" in of_ended(ended_badly("FAILED"), store, NoJobs())
    assert kept(store)["Cause"] == "C"


def test_the_page_of_a_run_that_was_stopped_has_the_states_that_it_passed() -> None:
    store = uploaded(1)
    a_run(store).list_inputs(PLENTY)

    def passed(arn: str, ended: datetime) -> list[Any]:
        assert arn == ARN
        return [("ListInputs", BEGAN, BEGAN + timedelta(seconds=3)), ("Transform", BEGAN, ended)]

    of_ended(ended_badly("ABORTED"), store, NoJobs(), passed)
    assert "ListInputs" in store.objects["out", f"{OUT}_report.html"].decode()


class Stopping(NoJobs):
    """SageMaker with a transform job of the run that is being stopped when it is described first."""

    def __init__(self) -> None:
        self.described = 0

    def paginate(self, **_request: str) -> Iterator[dict[str, Any]]:
        status = "Stopped" if self.described else "Stopping"
        yield {"TransformJobSummaries": [{"TransformJobName": JOB, "TransformJobStatus": status}]}

    def describe_transform_job(self, *, TransformJobName: str) -> Any:  # noqa: N803
        assert TransformJobName == JOB
        self.described += 1
        end = {"TransformEndTime": BEGAN + timedelta(seconds=40)} if self.described > 1 else {}
        return {
            **REQUEST,
            "TransformJobArn": f"arn:{JOB}",
            "TransformJobStatus": "Stopped" if self.described > 1 else "Stopping",
            "CreationTime": BEGAN,
            "TransformStartTime": BEGAN + timedelta(seconds=10),
            **end,
        }


def test_a_record_is_written_again_when_a_transform_job_that_was_being_stopped_has_ended() -> None:
    store, sagemaker = uploaded(1), Stopping()
    steps = replace(a_run(store), sagemaker=sagemaker)
    steps.list_inputs(PLENTY)
    steps.write(Ending("Failed", "2026-11-22T02:01:00.000Z", error="E", cause="C", attempts=1), PLENTY)
    assert kept(store)["TransformJobs"][0]["TransformJobStatus"] == "Stopping"
    assert kept(store)["BillableTimeInSeconds"] is None
    assert "wrote its record again" in of_ended(ended_badly("FAILED"), store, sagemaker)
    record = kept(store)
    assert (record["Outcome"], record["Error"], record["Cause"], record["Attempts"]) == (
        "Failed",
        "E",
        "C",
        1,
    )
    assert record["TransformJobs"][0]["TransformJobStatus"] == "Stopped"
    assert record["BillableTimeInSeconds"] == 30
    assert "has written its record: Failed" in of_ended(ended_badly("FAILED"), store, sagemaker)


def test_a_record_that_is_written_meanwhile_stays() -> None:
    store = uploaded(1)
    steps = a_run(store)
    steps.list_inputs(PLENTY)

    class Finishing(NoJobs):
        def paginate(self, **_request: str) -> Iterator[dict[str, Any]]:
            steps.write(Ending("Completed", "2026-11-22T02:01:00.000Z"), PLENTY)
            yield from super().paginate()

    assert "meanwhile" in of_ended(ended_badly("ABORTED"), store, Finishing())
    assert kept(store)["Outcome"] == "Completed"


def test_the_first_form_that_the_stopped_call_still_writes_is_replaced() -> None:
    store = uploaded(1)
    steps = a_run(store)
    pages = 0

    class Listing(NoJobs):
        def paginate(self, **_request: str) -> Iterator[dict[str, Any]]:
            nonlocal pages
            pages += 1
            if pages == 2:  # between reading the record and writing it
                steps.list_inputs(PLENTY)
            yield from super().paginate()

    assert "wrote its record: Aborted" in of_ended(ended_badly("ABORTED"), store, Listing())
    assert kept(store)["Outcome"] == "Aborted"


def test_the_first_form_never_replaces_the_record_of_a_run_that_ended() -> None:
    store = uploaded(1)
    of_ended(ended_badly("ABORTED"), store, NoJobs())
    a_run(store).list_inputs(PLENTY)
    assert kept(store)["Outcome"] == "Aborted"


def test_objects_that_cannot_be_listed_in_time_are_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    store = uploaded(300)
    steps = a_run(store)
    steps.list_inputs(looks(1))
    assert f"{OUT}_objects.jsonl" not in {key for _, key in store.objects}
    assert "the objects below s3://in/churn/ were not all listed" in capsys.readouterr().out
    assert steps.reconcile(None, PLENTY)["error"] == ""
    steps.write(Ending("Completed", "2026-11-22T02:01:00.000Z"), PLENTY)
    record = kept(store)
    assert record["Objects"] == {"Total": None, "Success": None, "Error": None}
    assert record["Reconciliation"]["Result"] == "NotChecked"


@pytest.mark.parametrize("reconcile", ["objects", "records"])
@pytest.mark.parametrize("pages", [1, 4])  # of the input, and of the results
def test_results_that_cannot_be_listed_in_time_are_not_compared(reconcile: str, pages: int) -> None:
    store = uploaded(300)
    steps = a_run(store, reconcile)
    steps.list_inputs(PLENTY)
    scored(store, 300)
    assert steps.reconcile(None, looks(pages))["error"] == ""
    steps.write(Ending("Completed", "2026-11-22T02:01:00.000Z"), NOTHING)
    record = kept(store)
    assert record["Objects"] == {"Total": 300, "Success": None, "Error": None}
    assert record["Records"] == {"Total": None, "Success": None, "Error": None}
    assert record["Reconciliation"] == {"By": reconcile, "Result": "NotChecked", "Mismatches": []}
    assert store.uploads == {}
