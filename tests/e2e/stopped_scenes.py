"""Runs in each state in which they can be stopped, in the machine as it is deployed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from batch_transform.job.values.run import run_id
from batch_transform.job.values.stack_outputs import OUTPUT_BUCKET
from e2e.kept_record import record_of
from e2e.subscriber import Subscriber
from e2e.workflow_stack import Deployed
from patience import PATIENCE_SECONDS

LARGE = "ml.m5.large"
# The model hangs on data with the word `hang` in them, and echoes all others.
JOBS: dict[str, dict[str, Any]] = {
    name: {"behaviour": "hang-on-mark", "workflow": {"overlapping_runs": name}} for name in ("wait", "allow")
}
JOBS["followed"] = {"behaviour": "hang-on-mark", "experiment_config": {"run_name": "nightly"}}
"""A job whose transform jobs the AWS SDK creates: Step Functions doesn't stop them with their execution."""
JOBS["picky"] = {"behaviour": "poison", "bad_records": {"max_count": 5, "result": "ERROR"}}
"""A job that leaves bad records out. Its model refuses data with `poison`, and hangs on other data with `hang`."""


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

    def poisoned(self, *further: str) -> str:
        """Start a run with a bad record."""
        lines = "".join(f"{line}\n" for line in ("id-1,2", "poison,1", *further))
        folder = f"poisoned-{len(further)}"
        return self.deployed.start(
            "picky", {"input.data": self.deployed.upload("picky", folder, "a.csv", lines)}
        )

    def definition(self, job: str = "wait") -> dict[str, Any]:
        described = self.deployed.client("stepfunctions").describe_state_machine(
            stateMachineArn=self.deployed.machine(job)
        )
        definition: dict[str, Any] = json.loads(described["definition"])
        return definition

    def last_state(self, execution: str) -> str:
        return (self.deployed.states(execution) or [""])[-1]

    def until_now_in(self, execution: str, state: str, *, times: int = 1) -> None:
        """Wait until the execution is in the state, or was, as often as this."""
        wait_until(lambda: self.deployed.states(execution).count(state) >= times)

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

    def next_run_goes_well(self, job: str = "wait") -> None:
        described = self.deployed.run(job, self.good(job))
        assert described["status"] == "SUCCEEDED", described
        assert self.deployed.locks(job) == []

    def sections(self) -> list[str]:
        """The keys of every version of what the runs left for further rounds."""
        found = self.deployed.client("s3").list_object_versions(
            Bucket=self.deployed.outputs[OUTPUT_BUCKET], Prefix="_sections/"
        )
        return [each["Key"] for each in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]]


def wait_until(is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.01)


# The scenes: each yields an execution that reaches its state and stays there for a while.


@contextmanager
def slow(world: World, function: str, job: str = "wait") -> Iterator[None]:
    """Let the next call of the function start a new process."""
    functions = world.deployed.client("lambda")
    [name] = [
        one["FunctionName"]
        for one in functions.list_functions()["Functions"]
        if f"Jobs{job}{function}" in one["FunctionName"].replace("Workflow", "")
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
def planning_retry(world: World) -> Iterator[str]:
    """A retry of a run that was stopped."""
    first = world.with_job()
    world.deployed.stop(first)
    retried = record_of(world.deployed, "wait", first).run["RunId"]
    with slow(world, "Record"):
        yield world.deployed.start("wait", {**world.endless(), "retry_of": retried})


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


@contextmanager
def planning_sections(world: World) -> Iterator[str]:
    with slow(world, "BadRecords", "picky"):
        yield world.poisoned()


@contextmanager
def scoring_sections(world: World) -> Iterator[str]:
    execution = world.poisoned("hang,1")
    world.until_now_in(execution, "Transform", times=2)
    wait_until(lambda: bool(world.deployed.running(execution)))
    yield execution


@contextmanager
def with_many_sections(world: World) -> Iterator[str]:
    """A run whose results take a while to collect, and whose sections take a while to delete."""
    execution = world.poisoned(*(f"id-{at},1" for at in range(2, 200)))
    world.until_now_in(execution, "PlanSections", times=2)
    yield execution


Scene = Callable[[World], AbstractContextManager[str]]

SCENES: dict[str, Scene] = {
    "Preflight": in_preflight,
    "WaitForOtherRun": waiting_for_other_run,
    "ListInputs": listing_inputs,
    "PlanRetry": planning_retry,
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
WITH_SECTIONS: dict[str, Scene] = {
    "PlanSections": planning_sections,
    "Transform": scoring_sections,
    "CollectSections": with_many_sections,
    "DeleteSections": with_many_sections,
}
"""The scenes of what `bad_records` adds."""
