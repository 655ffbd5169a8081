"""Runs stopped in each possible state: nothing stays in progress, a notification is sent, and the next run begins.

On the local AWS with IAM enforced, in the machine as it is deployed. The states are the deployed definition's: a new
one fails here until it has a scene.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from batch_transform.job.values.run import run_id
from batch_transform.job.values.stack_outputs import NOTIFICATION_TOPIC
from e2e.kept_record import record_of
from e2e.subscriber import Subscriber
from e2e.workflow_stack import Deployed, deployed_jobs
from patience import PATIENCE_SECONDS

LARGE = "ml.m5.large"
# The model hangs on data with the word `hang` in them, and echoes all others.
JOBS: dict[str, dict[str, Any]] = {
    name: {"behaviour": "hang-on-mark", "workflow": {"overlapping_runs": name}} for name in ("wait", "allow")
}
JOBS["followed"] = {"behaviour": "hang-on-mark", "experiment_config": {"run_name": "nightly"}}
"""A job whose transform jobs the AWS SDK creates: Step Functions doesn't stop them with their execution."""
IN_NO_TIME = {"Pass", "Choice", "Fail", "Succeed"}
"""Types of states that an execution passes at once."""
WITH_A_JOB = {"Transform", "FindTransformJob", "WaitForTransformJob", "StopTransformJob"}
"""The states in which a transform job of the run is in progress, in these scenes."""


@dataclass(frozen=True)
class World:
    """The deployed jobs, and a subscriber to their notifications."""

    deployed: Deployed
    subscriber: Subscriber

    def good(self, job: str = "wait") -> dict[str, str]:
        return {"input.data": self.deployed.upload(job, "good", "a.csv", "id-1,2,3\n")}

    def endless(self, job: str = "wait") -> dict[str, str]:
        return {"input.data": self.deployed.upload(job, "endless", "a.csv", "hang,1\n")}

    def with_job(self, job: str = "wait") -> str:
        """Start a run whose transform job continues until somebody stops it."""
        execution = self.deployed.start(job, self.endless(job))
        wait_until(lambda: bool(self.deployed.running(execution)))
        return execution

    def definition(self) -> dict[str, Any]:
        described = self.deployed.client("stepfunctions").describe_state_machine(
            stateMachineArn=self.deployed.machine("wait")
        )
        definition: dict[str, Any] = json.loads(described["definition"])
        return definition

    def last_state(self, execution: str) -> str:
        return (self.deployed.states(execution) or [""])[-1]

    def until_now_in(self, execution: str, state: str) -> None:
        """Wait until the execution is in the state, or was."""
        wait_until(lambda: state in self.deployed.states(execution))

    def until_turned_away(self, execution: str, state: str) -> None:
        """Wait until the execution is in the state and AWS has refused its call, so that no call is on its way."""
        states = self.deployed.client("stepfunctions")

        def is_turned_away() -> bool:
            events = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
            return bool(self.last_state(execution) == state and events[-1]["type"] == "TaskFailed")

        wait_until(is_turned_away)

    def nothing_of(self, execution: str) -> None:
        """Wait until no transform job of the run is in progress."""
        wait_until(lambda: not self.deployed.running(execution))

    def next_run_goes_well(self) -> None:
        described = self.deployed.run("wait", self.good())
        assert described["status"] == "SUCCEEDED", described
        assert self.deployed.locks("wait") == []


def wait_until(is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # Slow enough for a test to stop a run while it waits.
    folder = tmp_path_factory.mktemp("stopped")
    with deployed_jobs(folder, JOBS, wait_scale=0.02, enforce_iam=True) as deployed:
        yield World(deployed, Subscriber.of(deployed.aws, deployed.outputs[NOTIFICATION_TOPIC]))


# The scenes: each yields an execution that reaches its state and stays there for a while.


@contextmanager
def slow(world: World, function: str) -> Iterator[None]:
    """Let the next call of the function start a new process."""
    functions = world.deployed.client("lambda")
    [name] = [
        one["FunctionName"]
        for one in functions.list_functions()["Functions"]
        if f"Jobswait{function}" in one["FunctionName"].replace("Workflow", "")
    ]
    timeout = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=timeout)
    yield


@contextmanager
def limited(world: World, **limits: Any) -> Iterator[None]:
    world.deployed.limit(**limits)
    try:
        yield
    finally:
        world.deployed.limit()


@contextmanager
def may_not(world: World, action: str) -> Iterator[None]:
    """Deny the machine's role an action that it needs."""
    machine = world.deployed.client("stepfunctions").describe_state_machine(
        stateMachineArn=world.deployed.machine("wait")
    )
    iam, role = world.deployed.client("iam"), machine["roleArn"].rpartition("/")[2]
    [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
    denied = {**document, "Statement": [*document["Statement"], deny]}
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(denied))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


@contextmanager
def in_preflight(world: World) -> Iterator[str]:
    with slow(world, "Preflight"):
        yield world.deployed.start("wait", world.good())


@contextmanager
def waiting_for_other_run(world: World) -> Iterator[str]:
    first = world.with_job()
    try:
        yield world.deployed.start("wait", world.good())
    finally:
        assert world.deployed.describe(first)["status"] == "RUNNING"
        world.deployed.stop(first)
        world.nothing_of(first)


@contextmanager
def listing_inputs(world: World) -> Iterator[str]:
    with slow(world, "Record"):
        yield world.deployed.start("wait", world.good())


@contextmanager
def reconciling(world: World) -> Iterator[str]:
    execution = world.deployed.start("wait", world.good())
    world.until_now_in(execution, "Transform")
    with slow(world, "Record"):
        yield execution


@contextmanager
def writing_record(world: World) -> Iterator[str]:
    execution = world.deployed.start("wait", world.good())
    world.until_now_in(execution, "Reconcile")
    with slow(world, "Record"):
        yield execution


@contextmanager
def writing_record_of_refused(world: World) -> Iterator[str]:
    with slow(world, "Record"):
        yield world.deployed.start("wait", {"unknown": True})


@contextmanager
def in_transform(world: World) -> Iterator[str]:
    yield world.with_job()


@contextmanager
def waiting_for_capacity(world: World) -> Iterator[str]:
    with limited(world, without_capacity=(LARGE,)):
        yield world.deployed.start("wait", world.good())


@contextmanager
def out_of_sight(world: World, *throttled: str) -> Iterator[str]:
    """A run whose CreateTransformJob call was sent twice: its transform job already exists, so the run looks for it."""
    sagemaker = world.deployed.client("sagemaker")
    first = world.with_job()
    [name] = world.deployed.running(first)
    execution = world.deployed.start("wait", world.endless())
    world.deployed.until_in(execution, "WaitForOtherRun")
    described = sagemaker.describe_transform_job(TransformJobName=name)
    started = world.deployed.describe(execution)["startDate"]
    asked = ("ModelName", "TransformInput", "TransformOutput", "TransformResources")
    sagemaker.create_transform_job(
        TransformJobName=f"wait-{run_id(execution, started)}-1",
        **{member: described[member] for member in asked},
    )
    sagemaker.stop_transform_job(TransformJobName=name)
    world.deployed.wait(first)
    with limited(world, throttled=throttled):
        yield execution


@contextmanager
def looking_for_job(world: World) -> Iterator[str]:
    with out_of_sight(world, "DescribeTransformJob") as execution:
        world.until_turned_away(execution, "FindTransformJob")
        yield execution


@contextmanager
def stopping_job(world: World) -> Iterator[str]:
    with out_of_sight(world, "DescribeTransformJob", "StopTransformJob") as execution:
        world.until_turned_away(execution, "StopTransformJob")
        yield execution


@contextmanager
def waiting_for_aws(world: World) -> Iterator[str]:
    with limited(world, throttled=("CreateTransformJob",)):
        yield world.deployed.start("wait", world.good())


@contextmanager
def counting_results(world: World) -> Iterator[str]:
    with slow(world, "Report"):
        yield world.deployed.start("wait", world.good())


@contextmanager
def diagnosing(world: World) -> Iterator[str]:
    with limited(world, broken=(LARGE,)), slow(world, "Report"):
        yield world.deployed.start("wait", world.good())


@contextmanager
def releasing_lock(world: World) -> Iterator[str]:
    with may_not(world, "s3:DeleteObjectVersion"):  # the call is retried
        yield world.deployed.start("wait", world.good())


@contextmanager
def releasing_lock_of_failed(world: World) -> Iterator[str]:
    with limited(world, broken=(LARGE,)), may_not(world, "s3:DeleteObjectVersion"):
        yield world.deployed.start("wait", world.good())


SCENES: dict[str, Callable[[World], AbstractContextManager[str]]] = {
    "Preflight": in_preflight,
    "WaitForOtherRun": waiting_for_other_run,
    "ListInputs": listing_inputs,
    "Transform": in_transform,
    "WaitForCapacity": waiting_for_capacity,
    "FindTransformJob": looking_for_job,
    "WaitForTransformJob": out_of_sight,
    "WaitAfterThrottling": waiting_for_aws,
    "StopTransformJob": stopping_job,
    "CountResults": counting_results,
    "Reconcile": reconciling,
    "WriteRecord": writing_record,
    "WriteRecordAfterFailure": writing_record_of_refused,
    "Diagnose": diagnosing,
    "ReleaseLock": releasing_lock,
    "ReleaseLockAfterFailure": releasing_lock_of_failed,
}


def stopped_in(world: World, state: str) -> str:
    """Stop a run in the state. If the run was quicker than the test, as in a state of milliseconds, try again."""
    states = world.deployed.client("stepfunctions")
    for _ in range(5):
        with SCENES[state](world) as execution:
            world.until_now_in(execution, state)
            left = world.deployed.running(execution) if state in WITH_A_JOB else None
            with suppress(states.exceptions.ClientError):  # it has ended
                world.deployed.stop(execution)
        if world.deployed.wait(execution)["status"] == "ABORTED" and world.last_state(execution) == state:
            assert left != []
            return execution
        world.nothing_of(execution)
    raise AssertionError(f"no run could be stopped in {state}")


def test_there_is_a_scene_for_each_state_in_which_a_run_can_be_stopped(world: World) -> None:
    states = world.definition()["States"]
    assert {name for name, state in states.items() if state["Type"] not in IN_NO_TIME} == set(SCENES)


@pytest.mark.parametrize("state", SCENES)
def test_after_a_stop_in_any_state_nothing_is_running_and_the_next_run_starts(
    world: World, state: str
) -> None:
    execution = stopped_in(world, state)
    assert world.deployed.describe(execution)["status"] == "ABORTED"
    world.nothing_of(execution)
    world.next_run_goes_well()
    subject, text = world.subscriber.mail(execution)
    assert subject.endswith(" was stopped")
    assert "The execution was stopped (StopExecution)." in text
    assert "next step: start the run again" in text
    # A record that the state machine was writing when it was stopped is what it would have been.
    record = record_of(world.deployed, "wait", execution)
    ended = {"WriteRecord": "Completed", "WriteRecordAfterFailure": "Failed"}.get(state, "Aborted")
    assert record.run["Outcome"] in {"Aborted", ended}
    assert record.is_success == (record.run["Outcome"] == "Completed")
    assert "InProgress" not in {job["TransformJobStatus"] for job in record.run["TransformJobs"]}


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
