from __future__ import annotations

import json
from typing import Any

import pytest

from batch_transform.doctor.account import Account
from batch_transform.doctor.finding import Finding, Unread
from batch_transform.doctor.frequency import check_frequency, is_compared
from batch_transform.job.values.job_spec import (
    JobSpec,
    ModelSpec,
    ScheduleSpec,
    TriggersSpec,
    UploadSpec,
    WorkflowSpec,
)
from fakes.account import Answer, FakeAccount, Refusal

MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:churn"
EXECUTION = MACHINE.replace(":stateMachine:", ":execution:") + ":a"
HOURLY = ScheduleSpec(rate="1 hour")


def a_job(*schedules: ScheduleSpec, overlapping_runs: str = "wait") -> JobSpec:
    return JobSpec(
        "churn",
        ModelSpec(existing="m"),
        triggers=TriggersSpec(schedule=schedules, on_upload=UploadSpec()),
        workflow=WorkflowSpec(overlapping_runs=overlapping_runs),
    )


def output(minutes: int) -> dict[str, Any]:
    return {
        "CreationTime": "2026-11-22T18:00:00.107Z",
        "TransformEndTime": f"2026-11-22T{18 + minutes // 60}:{minutes % 60:02}:00.107Z",
    }


SKIPPED = {"CreationTime": None, "TransformEndTime": None}


def the_finding(spec: JobSpec, outputs: list[dict[str, Any]] | Unread) -> Finding:
    [found] = check_frequency(spec, outputs)
    return found


def test_a_schedule_that_starts_runs_more_often_than_they_end_is_a_warning() -> None:
    outputs = [output(61), SKIPPED, output(300), output(55), output(80)]
    found = the_finding(a_job(HOURLY), outputs)
    assert found.verdict == "warning"
    assert found.text == (
        "starts come as little as 3,600 seconds apart: while a run is in progress, one more waits and further ones are "
        "skipped; 4 completed runs took 4,230 seconds (the median): start it less often"
    )


def test_a_schedule_that_lets_each_run_end_is_fine() -> None:
    found = the_finding(a_job(HOURLY), [output(50), output(60), output(61)])
    assert (found.verdict, found.text) == ("fine", "3 completed runs took 3,600 seconds (the median)")


def test_without_a_completed_run_nothing_is_known() -> None:
    assert "isn't known" in the_finding(a_job(HOURLY), [SKIPPED]).text


def test_runs_that_cannot_be_read_are_never_fine() -> None:
    found = the_finding(a_job(HOURLY), Unread("needs states:DescribeExecution"))
    assert (found.verdict, found.text) == ("not checked", "needs states:DescribeExecution")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (a_job(HOURLY), True),
        (a_job(HOURLY, overlapping_runs="skip"), True),
        (a_job(HOURLY, overlapping_runs="allow"), False),
        (a_job(ScheduleSpec(rate="1 hour", enabled=False)), False),
        (a_job(), False),
    ],
)
def test_only_schedules_whose_runs_may_meet_are_compared(spec: JobSpec, expected: bool) -> None:
    assert is_compared(spec) is expected


LISTED: dict[str, Answer] = {
    "stepfunctions.ListExecutions": {
        "executions": [
            {
                "executionArn": EXECUTION,
                "stateMachineArn": MACHINE,
                "name": "a",
                "status": "SUCCEEDED",
                "startDate": 1_800_000_000,
            }
        ]
    },
    "stepfunctions.DescribeExecution": {
        "executionArn": EXECUTION,
        "stateMachineArn": MACHINE,
        "status": "SUCCEEDED",
        "startDate": 1_800_000_000,
        "output": json.dumps(output(5)),
    },
}


def test_the_outputs_of_past_runs_are_read() -> None:
    assert Account(FakeAccount(LISTED).client).outputs(MACHINE, 20) == [output(5)]


@pytest.mark.parametrize("operation", ["ListExecutions", "DescribeExecution"])
def test_the_missing_permission_is_named(operation: str) -> None:
    answers = {**LISTED, f"stepfunctions.{operation}": Refusal("AccessDeniedException", status=400)}
    found = Account(FakeAccount(answers).client).outputs(MACHINE, 20)
    assert found == Unread(f"needs states:{operation}")
