"""`workflow.max_cost` bounds a run: before it starts, and through the time limit of its transform job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.kept_record import agreeing_record
from e2e.workflow_stack import Deployed, deployed_jobs

JOBS: dict[str, dict[str, Any]] = {
    "bounded": {
        "workflow": {"max_cost": 0.0115},
        "transform": {"instance_type": ["ml.m5.large", "ml.c4.xlarge"]},
    },
    "cheap": {"workflow": {"max_cost": 1000}, "transform": {"max_runtime_in_seconds": 7200}},
    "hanging": {"behaviour": "hang", "workflow": {"max_cost": 301.5, "price_per_hour": 3600}},
    "unpriced": {"workflow": {"max_cost": 5}, "transform": {"instance_type": "ml.m6i.large"}},
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_jobs(tmp_path_factory.mktemp("cost"), JOBS, enforce_iam=True) as found:
        yield found


def time_limits(stack: Deployed, execution: str) -> list[int]:
    """The timeouts with which Step Functions scheduled the run's transform jobs."""
    pages = stack.client("stepfunctions").get_paginator("get_execution_history")
    scheduled = [
        event["taskScheduledEventDetails"]
        for page in pages.paginate(executionArn=execution)
        for event in page["events"]
        if "taskScheduledEventDetails" in event
    ]
    return [one["timeoutInSeconds"] for one in scheduled if one["resource"] == "createTransformJob.sync"]


def test_the_time_limit_is_what_the_money_pays_for(stack: Deployed) -> None:
    described = stack.run("bounded", {"transform": {"instance_type": "ml.m5.large"}})
    assert described["status"] == "SUCCEEDED", described
    assert time_limits(stack, described["executionArn"]) == [360]  # at 0.115 per hour


def test_a_job_that_costs_little_keeps_its_own_time_limit(stack: Deployed) -> None:
    described = stack.run("cheap", {})
    assert described["status"] == "SUCCEEDED", described
    assert time_limits(stack, described["executionArn"]) == [7200]


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (
            "bounded",
            "pays for 173 seconds of 1 x ml.c4.xlarge, and a transform job needs at least 300 to start",
        ),
        (
            "unpriced",
            "has no price of a batch transform with ml.m6i.large in us-east-1; set workflow.price_per_hour",
        ),
    ],
)
def test_a_run_that_cannot_be_bounded_is_refused(stack: Deployed, job: str, message: str) -> None:
    described = stack.run(job, {})
    assert (described["status"], described["error"]) == ("FAILED", "MaxCostError")
    assert message in described["cause"]
    assert stack.jobs_of(described["executionArn"]) == []
    agreeing_record(stack, job, described)


def test_a_run_is_stopped_when_its_money_is_used(stack: Deployed) -> None:
    states, machine = stack.client("stepfunctions"), stack.machine("hanging")
    definition = states.describe_state_machine(stateMachineArn=machine)["definition"]
    # Two seconds instead of five minutes.
    shorter = definition.replace("(301.5 - $spent)", "(2 - $spent)").replace(">= 300 %}", ">= 1 %}")
    assert shorter != definition
    states.update_state_machine(stateMachineArn=machine, definition=shorter)
    described = stack.run("hanging", {})
    assert (described["status"], described["error"]) == ("FAILED", "MaxCostError")
    assert "stopped after 2 seconds, for which workflow.max_cost (USD 301.5) pays" in described["cause"]
    assert "next step: increase workflow.max_cost" in described["cause"]
    [job] = stack.jobs_of(described["executionArn"])
    assert job["TransformJobStatus"] in {"Stopping", "Stopped"}
    agreeing_record(stack, "hanging", described)
    assert json.loads(definition)["States"]["Transform"]["TimeoutSeconds"] == "{% $time_limit %}"
