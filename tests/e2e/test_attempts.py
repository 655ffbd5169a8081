"""What the deployed state machine retries: on another type, later, or not at all; and a job that it lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.kept_record import agreeing_record
from e2e.workflow_stack import Deployed, deployed_jobs

LARGE, XLARGE, C5 = "ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge"
JOBS: dict[str, dict[str, Any]] = {
    "fallbacks": {"transform": {"instance_type": [LARGE, XLARGE]}},
    "single": {
        "transform": {"instance_type": LARGE},
        "limits": {"instance_types": [LARGE, XLARGE, C5]},
    },
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    # Slow enough for a test to act while a state waits.
    with deployed_jobs(tmp_path_factory.mktemp("attempts"), JOBS, wait_scale=0.02) as found:
        yield found


@pytest.fixture
def deployed(stack: Deployed) -> Iterator[Deployed]:
    stack.limit()
    yield stack
    stack.limit()


def output_of(described: dict[str, Any]) -> dict[str, Any]:
    assert described["status"] == "SUCCEEDED", described
    output: dict[str, Any] = json.loads(described["output"])
    return output


def test_the_output_describes_the_run(deployed: Deployed) -> None:
    described = deployed.run("fallbacks", {})
    output = output_of(described)
    [job] = deployed.jobs_of(described["executionArn"])
    assert output["Outcome"] == "Completed"
    assert output["TransformJobName"] == job["TransformJobName"]
    assert output["TransformJobArn"] == job["TransformJobArn"]
    assert output["ModelName"] == "model-fallbacks"
    assert output["S3OutputPath"] == job["TransformOutput"]["S3OutputPath"]
    assert (output["InstanceType"], output["InstanceCount"], output["Attempts"]) == (LARGE, 1, 1)
    assert (output["InputObjects"], output["InputBytes"]) == (1, 18)
    assert (output["OutputObjects"], output["OutputBytes"]) == (1, 18)
    assert output["CreationTime"] <= output["TransformStartTime"] <= output["TransformEndTime"]
    assert output["RunningExecutionArn"] is None


@pytest.mark.parametrize("limits", [{"without_capacity": (LARGE,)}, {"quotas": {LARGE: 0}}])
def test_the_next_instance_type_is_tried_at_once(deployed: Deployed, limits: dict[str, Any]) -> None:
    deployed.limit(**limits)
    described = deployed.run("fallbacks", {})
    output = output_of(described)
    assert (output["InstanceType"], output["Attempts"]) == (XLARGE, 2)
    assert "WaitForCapacity" not in deployed.states(described["executionArn"])


def test_a_run_may_have_its_own_fallback_instance_types(deployed: Deployed) -> None:
    deployed.limit(without_capacity=(LARGE, XLARGE))
    output = output_of(deployed.run("single", {"transform": {"instance_type": [LARGE, XLARGE, C5]}}))
    assert (output["InstanceType"], output["Attempts"]) == (C5, 3)


def test_after_the_last_type_the_run_waits_and_tries_the_first_again(deployed: Deployed) -> None:
    deployed.limit(without_capacity=(XLARGE,), quotas={LARGE: 0})
    execution = deployed.start("fallbacks", {})
    deployed.until_in(execution, "WaitForCapacity")
    deployed.limit(without_capacity=(XLARGE,))
    output = output_of(deployed.wait(execution))
    assert output["InstanceType"] == LARGE
    assert output["Attempts"] >= 3
    names = [job["TransformJobName"] for job in deployed.jobs_of(execution)]
    assert len(names) == len(set(names))


def test_a_throttled_call_is_retried_under_a_new_name(deployed: Deployed) -> None:
    deployed.limit(throttled=("CreateTransformJob",))
    execution = deployed.start("single", {})
    deployed.until_in(execution, "WaitAfterThrottling")
    deployed.limit()
    described = deployed.wait(execution)
    output = output_of(described)
    assert output["Attempts"] >= 2
    agreeing_record(deployed, "single", described)
    [job] = deployed.jobs_of(execution)
    assert job["TransformJobName"].endswith(f"-{output['Attempts']}")


def test_a_transform_job_that_the_task_lost_track_of_is_found_and_not_created_twice(
    deployed: Deployed,
) -> None:
    deployed.limit(throttled=("DescribeTransformJob",))
    execution = deployed.start("single", {})
    deployed.until_in(execution, "FindTransformJob")
    deployed.limit()
    output = output_of(deployed.wait(execution))
    assert output["Attempts"] == 1
    assert output["BillableTimeInSeconds"] is not None
    assert len(deployed.jobs_of(execution)) == 1


def test_a_transform_job_that_cannot_be_found_fails_the_run_with_a_cause(deployed: Deployed) -> None:
    deployed.limit(throttled=("DescribeTransformJob",))
    execution = deployed.start("single", {})
    described = deployed.wait(execution)
    deployed.limit()
    assert described["status"] == "FAILED"
    assert "Rate exceeded" in described["cause"]
    assert "stop" in described["cause"].splitlines()[1]
    assert "StopTransformJob" in deployed.states(execution)
    assert len(deployed.jobs_of(execution)) == 1
    agreeing_record(deployed, "single", described)
