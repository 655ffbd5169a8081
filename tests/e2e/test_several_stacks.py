"""More jobs than fit into one stack: every stack is deployed, jobs move between stacks, data stays where it is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml

from batch_transform.job.errors import DeployError
from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.job.values.stack_outputs import (
    FIRST_STACK,
    INPUT_BUCKET,
    OUTPUT_BUCKET,
    state_machine_output,
)
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from batch_transform.runs.deployment import deployed_jobs
from checks.synthesis import synthesise_here
from e2e.project_copy import PROJECT
from e2e.result_objects import result_objects
from patience import PATIENCE_SECONDS

JOBS = [f"tumours-{number:02}" for number in range(20)]
FEW = JOBS[:10]
SECOND_STACK = f"{FIRST_STACK}-1"
MOVES, STAYS = "tumours-00", "tumours-03"
"""The hash of a job's name decides whether it moves when the first stack splits."""


class App:
    """The project's app with several copies of the example's job, and the account that it is deployed to."""

    def __init__(self, folder: Path, model: Path, aws: LocalAws) -> None:
        self._folder = folder
        self._job = yaml.safe_load((PROJECT / "jobs/tumours.yaml").read_text())
        self._job["model"]["source"] = str(model / "tumours")
        self._data = (model / "data/tumours.csv").read_bytes()
        self._aws = aws
        self._outputs: dict[str, dict[str, str]] = {}

    def deploy(self, names: Sequence[str]) -> list[str]:
        """Deploy the app with these jobs, the first stack first, as `cdk deploy --all` does; return the stacks."""
        jobs, assembly = self._folder / f"jobs-{len(names)}", self._folder / f"cdk.out-{len(names)}"
        jobs.mkdir(exist_ok=True)
        for name in names:
            (jobs / f"{name}.yaml").write_text(yaml.safe_dump({**self._job, "name": name}, sort_keys=False))
        synthesise_here(PROJECT, jobs=jobs, assembly=assembly)
        names_of_stacks = (path.name.partition(".")[0] for path in assembly.glob("*.template.json"))
        stacks = sorted(names_of_stacks, key=lambda name: (len(name), name))  # by number: parents first
        for stack in stacks:
            self._outputs[stack] = deploy(assembly, stack, self._aws.client, lambda _event: None)
        return stacks

    def delete(self, stack: str) -> None:
        """Delete a stack, as the documentation says."""
        cloudformation = self._aws.client("cloudformation")
        cloudformation.delete_stack(StackName=stack)
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        del self._outputs[stack]

    def stack_of(self, job: str) -> str:
        (found,) = [stack for stack, of in self._outputs.items() if state_machine_output(job) in of]
        return found

    def machine(self, job: str) -> str:
        return self._outputs[self.stack_of(job)][state_machine_output(job)]

    def found(self) -> dict[str, str]:
        """The state machine of each job, as the command line finds it."""
        jobs = deployed_jobs(EnvironmentSpec(), self._aws.client("cloudformation"))
        return {job.name: job.state_machine_arn for job in jobs}

    def upload(self, job: str) -> None:
        bucket = self._outputs[FIRST_STACK][INPUT_BUCKET]
        self._aws.client("s3").put_object(Bucket=bucket, Key=f"{job}/tumours.csv", Body=self._data)

    def run(self, job: str) -> tuple[str, str]:
        """Return status and cause of a run at its end."""
        states = self._aws.client("stepfunctions")
        execution = states.start_execution(stateMachineArn=self.machine(job), input="{}")["executionArn"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the run did not end"
            time.sleep(0.2)
        return described["status"], described.get("cause", "")

    def results(self, job: str) -> dict[str, bytes]:
        """The results of all runs of the job, by their keys."""
        s3, bucket = self._aws.client("s3"), self._outputs[FIRST_STACK][OUTPUT_BUCKET]
        listed = result_objects(s3, bucket, f"{job}/")
        return {one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed}


@pytest.fixture
def app(tmp_path: Path, example_model: Path) -> Iterator[App]:
    with LocalAws(enforce_iam=True, wait_scale=0.002) as aws:
        yield App(tmp_path, example_model, aws)


def test_jobs_of_each_stack_run_with_what_the_first_one_shares(app: App) -> None:
    stacks = app.deploy(JOBS)
    assert len(stacks) > 1
    assert app.found() == {name: app.machine(name) for name in JOBS}
    for stack in stacks:
        job = next(name for name in JOBS if app.stack_of(name) == stack)
        app.upload(job)
        assert app.run(job) == ("SUCCEEDED", "")


def test_a_job_moves_to_another_stack_and_back_and_its_data_stay(app: App) -> None:
    assert app.deploy(FEW) == [FIRST_STACK]
    for name in (MOVES, STAYS):
        app.upload(name)
        assert app.run(name) == ("SUCCEEDED", "")
    first = app.results(MOVES)

    assert app.deploy(JOBS) == [FIRST_STACK, SECOND_STACK]
    assert (app.stack_of(MOVES), app.stack_of(STAYS)) == (SECOND_STACK, FIRST_STACK)
    for name in (MOVES, STAYS):
        assert app.run(name) == ("SUCCEEDED", "")
    assert app.found() == {name: app.machine(name) for name in JOBS}

    with pytest.raises(DeployError, match=rf"cannot be deleted as it is in use by {SECOND_STACK}"):
        app.deploy(FEW)  # the jobs would exist twice
    assert app.run(MOVES) == ("SUCCEEDED", "")

    app.delete(SECOND_STACK)
    assert app.deploy(FEW) == [FIRST_STACK]
    assert app.found() == {name: app.machine(name) for name in FEW}
    assert app.run(MOVES) == ("SUCCEEDED", "")
    results = app.results(MOVES)
    assert results.items() > first.items()
    assert len(results) == 4
    assert len(set(results.values())) == 1
