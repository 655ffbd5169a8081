"""Simultaneous runs of one job in the deployed state machine: they wait, are skipped, fail, or overlap."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest

from e2e.kept_record import agreeing_record
from e2e.workflow_stack import Deployed, deployed_jobs
from patience import PATIENCE_SECONDS

# The model hangs on data with the word `hang` in them, and echoes all others.
JOBS: dict[str, dict[str, Any]] = {
    name: {"behaviour": "hang-on-mark", "workflow": {"overlapping_runs": name}}
    for name in ("wait", "skip", "fail", "allow")
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_jobs(tmp_path_factory.mktemp("lock"), JOBS) as found:
        yield found


@pytest.fixture
def endless(deployed: Deployed) -> Iterator[dict[str, dict[str, str]]]:
    """For each job the input of a run that continues until somebody stops it."""
    deployed.limit()
    yield {job: {"input.data": deployed.upload(job, "endless", "a.csv", "hang,1\n")} for job in JOBS}
    deployed.limit()
    states = deployed.aws.client("stepfunctions")
    for job in JOBS:
        arn = deployed.machine(job)
        for execution in states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
            deployed.stop(execution["executionArn"])


def until_ended(deployed: Deployed, executions: list[str], count: int) -> dict[str, dict[str, Any]]:
    """Wait until this many of the executions have succeeded, and return their outputs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    outputs: dict[str, dict[str, Any]] = {}
    while len(outputs) < count:
        assert time.monotonic() < deadline, outputs
        time.sleep(0.1)
        described = [deployed.describe(execution) for execution in executions]
        assert not [one for one in described if one["status"] == "FAILED"]
        outputs = {
            one["executionArn"]: json.loads(one["output"])
            for one in described
            if one["status"] == "SUCCEEDED"
        }
    return outputs


def good(deployed: Deployed, job: str) -> dict[str, str]:
    return {"input.data": deployed.upload(job, "data", "a.csv", "id-1,2,3\n")}


def test_of_runs_that_start_at_the_same_moment_one_runs_one_waits_and_the_others_are_skipped(
    deployed: Deployed, endless: dict[str, dict[str, str]]
) -> None:
    with ThreadPoolExecutor() as pool:
        executions = list(pool.map(lambda _: deployed.start("wait", endless["wait"]), range(5)))
    outputs = until_ended(deployed, executions, 3)
    assert {output["Outcome"] for output in outputs.values()} == {"Skipped"}
    [waits] = {output["WaitingExecutionArn"] for output in outputs.values()}
    [runs] = {output["RunningExecutionArn"] for output in outputs.values()}
    assert {runs, waits} == {execution for execution in executions if execution not in outputs}
    assert deployed.jobs_of(waits) == []
    deployed.stop(runs)
    deployed.job_running(waits)
    assert [lock["Key"] for lock in deployed.locks("wait")] == [".locks/wait"], "it gave up its place"


def test_runs_that_wait_run_one_after_the_other(deployed: Deployed) -> None:
    run_input = good(deployed, "wait")
    with ThreadPoolExecutor() as pool:
        executions = list(pool.map(lambda _: deployed.start("wait", run_input), range(3)))
        ends = list(pool.map(deployed.wait, executions))
    assert [end["status"] for end in ends] == ["SUCCEEDED"] * 3
    jobs = [job for execution in executions for job in deployed.jobs_of(execution)]
    assert len(jobs) == len([end for end in ends if json.loads(end["output"])["Outcome"] == "Completed"]) >= 2
    times = sorted((job["CreationTime"], job["TransformEndTime"]) for job in jobs)
    assert all(ended <= created for (_, ended), (created, _) in pairwise(times))
    assert deployed.locks("wait") == []


def test_a_place_that_a_stopped_run_left_is_taken_over(
    deployed: Deployed, endless: dict[str, dict[str, str]]
) -> None:
    first = deployed.start("wait", endless["wait"])
    deployed.job_running(first)
    stopped = deployed.start("wait", good(deployed, "wait"))
    deployed.until_in(stopped, "WaitForOtherRun")
    deployed.stop(stopped)
    second = deployed.start("wait", good(deployed, "wait"))
    deployed.until_in(second, "WaitForOtherRun")
    third = deployed.run("wait", good(deployed, "wait"))
    assert json.loads(third["output"])["WaitingExecutionArn"] == second
    deployed.stop(first)
    assert deployed.wait(second)["status"] == "SUCCEEDED"


def test_a_run_waits_until_the_one_before_has_ended(
    deployed: Deployed, endless: dict[str, dict[str, str]]
) -> None:
    first = deployed.start("wait", endless["wait"])
    deployed.job_running(first)
    second = deployed.start("wait", good(deployed, "wait"))
    deployed.until_in(second, "WaitForOtherRun")
    assert deployed.jobs_of(second) == []
    deployed.stop(first)
    described = deployed.wait(second)
    assert described["status"] == "SUCCEEDED", described
    assert deployed.locks("wait") == []


def test_a_skipped_run_says_so_in_its_output(deployed: Deployed, endless: dict[str, dict[str, str]]) -> None:
    first = deployed.start("skip", endless["skip"])
    deployed.job_running(first)
    second = deployed.run("skip", good(deployed, "skip"))
    assert second["status"] == "SUCCEEDED"
    output = json.loads(second["output"])
    assert (output["Outcome"], output["RunningExecutionArn"]) == ("Skipped", first)
    assert (output["TransformJobName"], output["S3OutputPath"], output["OutputObjects"]) == (None, None, None)
    assert deployed.jobs_of(second["executionArn"]) == []
    assert deployed.describe(first)["status"] == "RUNNING"


def test_an_overlapping_run_fails_and_names_the_run_in_progress(
    deployed: Deployed, endless: dict[str, dict[str, str]]
) -> None:
    first = deployed.start("fail", endless["fail"])
    deployed.job_running(first)
    second = deployed.run("fail", good(deployed, "fail"))
    assert (second["status"], second["error"]) == ("FAILED", "OverlappingRun")
    assert first in second["cause"]
    assert agreeing_record(deployed, "fail", second).run["TransformJobs"] == []
    deployed.stop(first)
    assert deployed.run("fail", good(deployed, "fail"))["status"] == "SUCCEEDED"


def test_runs_may_overlap_if_the_job_allows_it(
    deployed: Deployed, endless: dict[str, dict[str, str]]
) -> None:
    first = deployed.start("allow", endless["allow"])
    deployed.job_running(first)
    assert deployed.run("allow", good(deployed, "allow"))["status"] == "SUCCEEDED"
    assert deployed.describe(first)["status"] == "RUNNING"


def test_a_failed_run_releases_the_lock(deployed: Deployed) -> None:
    deployed.limit(without_capacity=("ml.m5.large",))
    failed = deployed.run("fail", good(deployed, "fail"))
    deployed.limit()
    assert failed["status"] == "FAILED"
    assert "CapacityError" in failed["cause"]
    assert deployed.locks("fail") == []


def test_a_run_that_is_refused_takes_no_lock(deployed: Deployed) -> None:
    assert deployed.run("fail", {"transform.max_paylod": 1})["status"] == "FAILED"
    assert deployed.locks("fail") == []
