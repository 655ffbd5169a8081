"""Runs stopped in each possible state: nothing stays in progress, a notification is sent, and the next run begins.

On the local AWS with IAM enforced, in the machine as it is deployed. The states are the deployed definition's: a new
one fails here until it has a scene.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest

from batch_transform.job.values.stack_outputs import NOTIFICATION_TOPIC
from e2e.kept_record import record_of
from e2e.stopped_scenes import (
    JOBS,
    SCENES,
    WITH_SECTIONS,
    Scene,
    World,
    may_not,
    out_of_sight,
    wait_until,
)
from e2e.subscriber import Subscriber
from e2e.workflow_stack import deployed_jobs

IN_NO_TIME = {"Pass", "Choice", "Fail", "Succeed"}
"""Types of states that an execution passes at once."""
OF_THE_LOCK = {"WaitForOtherRun", "ReleaseLock", "ReleaseLockAfterFailure"}
"""The states that a job without a lock doesn't have."""
WITH_A_JOB = {"Transform", "FindTransformJob", "WaitForTransformJob", "StopTransformJob"}
"""The states in which a transform job of the run is in progress, in these scenes."""


WRITTEN = {
    "WriteRecord": {"Completed", "Aborted"},
    "WriteRecordAfterFailure": {"Failed", "Aborted"},
}
"""The outcomes in the record of a run that was stopped in the state; in all others it is Aborted. The call that was
writing the record may end, and what it writes of the results is true."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # Slow enough for a test to stop a run while it waits.
    folder = tmp_path_factory.mktemp("stopped")
    with deployed_jobs(folder, JOBS, wait_scale=0.02, enforce_iam=True) as deployed:
        yield World(deployed, Subscriber.of(deployed.aws, deployed.outputs[NOTIFICATION_TOPIC]))


def stopped_in(world: World, state: str, scene: Scene) -> str:
    """Stop a run in the state. If the run was quicker than the test, as in a state of milliseconds, try again."""
    states = world.deployed.client("stepfunctions")
    for _ in range(5):
        with scene(world) as execution:
            world.until_now_in(execution, state)
            left = world.deployed.running(execution) if state in WITH_A_JOB else None
            with suppress(states.exceptions.ClientError):  # it has ended
                world.deployed.stop(execution)
        if world.deployed.wait(execution)["status"] == "ABORTED" and world.last_state(execution) == state:
            assert left != []
            return execution
        world.nothing_of(execution)
    raise AssertionError(f"no run could be stopped in {state}")


@pytest.mark.parametrize("job", JOBS)
def test_there_is_a_scene_for_each_state_in_which_a_run_can_be_stopped(world: World, job: str) -> None:
    states = world.definition(job)["States"]
    scenes = {**SCENES, **(WITH_SECTIONS if "bad_records" in JOBS[job] else {})}
    if JOBS[job].get("workflow", {}).get("overlapping_runs") == "allow":
        scenes = {name: scene for name, scene in scenes.items() if name not in OF_THE_LOCK}
    assert {name for name, state in states.items() if state["Type"] not in IN_NO_TIME} == set(scenes)


@pytest.mark.parametrize("state", SCENES)
def test_after_a_stop_in_any_state_nothing_is_running_and_the_next_run_starts(
    world: World, state: str
) -> None:
    execution = stopped_in(world, state, SCENES[state])
    leaves_nothing(world, "wait", execution, state)


@pytest.mark.parametrize("state", WITH_SECTIONS)
def test_after_a_stop_while_bad_records_are_looked_for_no_sections_are_left(world: World, state: str) -> None:
    execution = stopped_in(world, state, WITH_SECTIONS[state])
    leaves_nothing(world, "picky", execution, state)
    wait_until(lambda: world.sections() == [])
    record = record_of(world.deployed, "picky", execution).run
    assert [job["Round"] for job in record["TransformJobs"]] == ([0] if state == "PlanSections" else [0, 1])
    assert record["BadRecords"] is None


def leaves_nothing(world: World, job: str, execution: str, state: str) -> None:
    """Check what is left of a run that was stopped in the state."""
    assert world.deployed.describe(execution)["status"] == "ABORTED"
    world.nothing_of(execution)
    world.next_run_goes_well(job)
    subject, text = world.subscriber.mail(execution)
    assert subject.endswith(" was stopped")
    assert "The execution was stopped (StopExecution)." in text
    assert "next step: retry the run" in text
    if state == "PlanRetry":
        retried_again(world, job, execution)
        return
    record = record_of(world.deployed, job, execution)
    assert record.run["Outcome"] in WRITTEN.get(state, {"Aborted"})
    assert record.is_success == (record.run["Outcome"] == "Completed")
    assert "InProgress" not in {each["TransformJobStatus"] for each in record.run["TransformJobs"]}


def retried_again(world: World, job: str, execution: str) -> None:
    """Check that the run can be retried, whether the stopped call still has planned its retry or not."""
    retried = json.loads(world.deployed.describe(execution)["input"])["retry_of"]
    again = world.deployed.start(job, {**world.endless(job), "retry_of": retried})
    world.until_now_in(again, "Transform")
    world.deployed.stop(again)
    world.nothing_of(again)


def test_a_run_that_times_out_leaves_no_transform_job(world: World) -> None:
    states, machine = world.deployed.client("stepfunctions"), world.deployed.machine("wait")
    definition = world.definition()
    states.update_state_machine(
        stateMachineArn=machine, definition=json.dumps({**definition, "TimeoutSeconds": 10})
    )
    try:
        with out_of_sight(world) as execution:
            assert world.deployed.wait(execution)["status"] == "TIMED_OUT"
            assert world.last_state(execution) in {
                "FindTransformJob",
                "WaitForTransformJob",
                "CheckFoundTransformJob",
            }
            world.nothing_of(execution)
    finally:
        states.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
    assert world.subscriber.mail(execution)[0].endswith(" timed out")
    world.next_run_goes_well()


def test_a_run_that_failed_because_it_could_not_stop_its_job_leaves_none(world: World) -> None:
    with out_of_sight(world, "DescribeTransformJob", "StopTransformJob") as execution:
        described = world.deployed.wait(execution)
        assert described["status"] == "FAILED"
        assert "StopTransformJob was refused" in described["cause"]
        assert world.deployed.running(execution) != []
    world.nothing_of(execution)
    world.next_run_goes_well()


def test_a_job_that_step_functions_could_not_stop_is_stopped_by_the_report(world: World) -> None:
    execution = world.with_job()
    with may_not(world, "sagemaker:StopTransformJob"):
        world.deployed.stop(execution)
        world.nothing_of(execution)
    world.next_run_goes_well()


@pytest.mark.parametrize("state", ["FindTransformJob", "WaitForTransformJob"])
def test_the_job_of_a_stopped_run_that_the_sdk_created_is_stopped_by_the_report(
    world: World, state: str
) -> None:
    execution = world.with_job("followed")
    world.until_now_in(execution, state)
    assert world.deployed.running(execution) != []
    world.deployed.stop(execution)
    world.nothing_of(execution)
    described = world.deployed.run("followed", world.good("followed"))
    assert described["status"] == "SUCCEEDED", described
    assert world.deployed.locks("followed") == []


def test_the_transform_job_of_another_run_is_not_stopped(world: World) -> None:
    other, stopped = world.with_job("allow"), world.with_job("allow")
    world.deployed.stop(stopped)
    world.nothing_of(stopped)
    assert "was stopped" in world.subscriber.mail(stopped)[0]
    assert len(world.deployed.running(other)) == 1
    assert world.deployed.describe(other)["status"] == "RUNNING"
    world.deployed.stop(other)
