"""The order in which runs are stopped, and when they count as ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from batch_transform.job.errors import AwsCallError, FollowError
from batch_transform.job.values.run import execution_hash
from batch_transform.runs import stop as stopping
from batch_transform.runs.deployment import DeployedJob
from batch_transform.runs.execution import Clients
from batch_transform.runs.past_runs import FoundRun

_JOB = DeployedJob("churn", "churn", "arn:aws:states:eu-west-1:1:stateMachine:Churn", "BatchTransform")


def _arn(name: str) -> str:
    return f"arn:aws:states:eu-west-1:1:execution:Churn:{name}"


def _run(name: str) -> FoundRun:
    return FoundRun(_JOB, name, _arn(name), datetime(2026, 1, 2, tzinfo=UTC))


class _Aws:
    """Executions and transform jobs by name, each with the statuses that successive polls return."""

    def __init__(self, executions: dict[str, str], jobs: dict[str, list[str]] | None = None) -> None:
        self.executions = {_arn(name): status for name, status in executions.items()}
        self.jobs = jobs or {}
        self.stopped: list[str] = []
        self.denied: set[str] = set()

    @property
    def clients(self) -> Clients:
        return Clients(stepfunctions=cast("Any", self), sagemaker=cast("Any", self), logs=cast("Any", None))

    def stop_execution(self, *, executionArn: str, cause: str) -> None:  # noqa: N803  # AWS's names
        assert cause == "batch-transform stop"
        code = "AccessDeniedException" if executionArn in self.denied else "ValidationException"
        if executionArn in self.denied or self.executions[executionArn] != "RUNNING":
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "StopExecution")
        self.executions[executionArn] = "ABORTED"
        self.stopped.append(executionArn.rpartition(":")[2])

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803  # AWS's names
        return {"status": self.executions[executionArn]}

    def get_paginator(self, operation_name: str) -> _Aws:
        return self

    def paginate(self, **given: str) -> list[dict[str, Any]]:
        if "stateMachineArn" in given:
            assert given["statusFilter"] == "RUNNING"
            starts = {"early": 1, "late": 2}
            listed = [
                {
                    "executionArn": arn,
                    "startDate": datetime(2026, 1, starts[arn.rpartition(":")[2]], tzinfo=UTC),
                }
                for arn in self.executions
            ]
            return [{"executions": [one]} for one in listed]
        found = [
            {
                "TransformJobName": name,
                "TransformJobStatus": statuses.pop(0) if len(statuses) > 1 else statuses[0],
            }
            for name, statuses in self.jobs.items()
            if given["NameContains"] in name
        ]
        return [{"TransformJobSummaries": found}]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "pause_seconds", lambda _followed: 0.001)
    monkeypatch.setattr(stopping, "_QUIET_SECONDS", 0.01)


def test_the_newest_run_is_stopped_first_so_that_no_waiting_run_begins() -> None:
    aws = _Aws({"early": "RUNNING", "late": "RUNNING"})
    found = stopping.runs_to_stop(None, [_JOB], aws.clients.stepfunctions)
    stopping.stop(found, aws.clients.stepfunctions)
    assert aws.stopped == ["late", "early"]


def test_a_run_that_has_already_ended_is_not_an_error() -> None:
    aws = _Aws({"early": "SUCCEEDED", "late": "RUNNING"})
    stopping.stop([_run("early"), _run("late")], aws.clients.stepfunctions)
    assert aws.stopped == ["late"]


def test_fails_without_permission_to_stop_and_names_the_runs_already_stopped() -> None:
    aws = _Aws({"early": "RUNNING", "late": "RUNNING"})
    aws.denied = {_arn("early")}
    with pytest.raises(AwsCallError, match=r"your credentials don't allow states:StopExecution"):
        stopping.stop([_run("early")], aws.clients.stepfunctions)
    with pytest.raises(FollowError, match=r"stopped late, but not early: .* states:StopExecution"):
        stopping.stop([_run("late"), _run("early")], aws.clients.stepfunctions)


def test_a_run_has_ended_when_its_transform_jobs_have_even_if_their_names_have_another_time() -> None:
    digits = execution_hash(_arn("early"))
    job = f"churn-20260101T235959-{digits}-1"
    other = f"churn-20260101T235959-{digits}-of-another"
    aws = _Aws({"early": "ABORTED"}, {job: ["InProgress", "Stopping", "Stopped"], other: ["InProgress"]})
    polls = [poll for [poll] in stopping.until_ended([_run("early")], aws.clients)]
    assert [poll.transform_jobs for poll in polls[:3]] == [
        {job: "InProgress"},
        {job: "Stopping"},
        {job: "Stopped"},
    ]
    assert [poll.has_ended for poll in polls[:3]] == [False, False, True]
    assert polls[-1].has_ended


def test_a_transform_job_created_at_the_last_moment_is_waited_for() -> None:
    job = f"churn-20260102T000000-{execution_hash(_arn('early'))}-1"
    aws = _Aws({"early": "ABORTED"})
    polls = []
    for [poll] in stopping.until_ended([_run("early")], aws.clients):
        polls.append(poll)
        if len(polls) == 1:
            aws.jobs = {job: ["Stopping", "Stopped"]}
    assert [poll.has_ended for poll in polls[:3]] == [True, False, True]
    assert polls[-1].transform_jobs == {job: "Stopped"}
