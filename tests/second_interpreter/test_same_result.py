"""Deployed state machines in two independent interpreters: the local AWS's, and moto's.

Both call the same services over the same local AWS. Values that always differ are replaced by their kind: ids
of runs, times, request ids.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.values.run import run_id
from e2e.workflow_stack import Deployed, deployed_jobs

PYTHON = Path(__file__).parents[2] / "build/moto/bin/python"
SCRIPT = Path(__file__).with_name("run_in_moto.py")
pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="needs moto in an environment of its own: tests/local/clients/install moto"
)

WAIT_SCALE = 0.002
TYPES = ["ml.m5.large", "ml.m5.xlarge"]
ON_ONE = {"transform": {"instance_type": TYPES[0], "invocations_max_retries": 0}}
JOBS: dict[str, dict[str, Any]] = {
    "score": {
        "transform": {"instance_type": TYPES, "max_payload": 6},
        "data_processing": {"input_filter": "$[1:]"},
        "limits": {"instance_types": [*TYPES, "ml.c5.xlarge"]},
    },
    "single": {**ON_ONE, "workflow": {"overlapping_runs": "allow"}},
    "bounded": {**ON_ONE, "workflow": {"overlapping_runs": "allow", "max_cost": 0.5}},
    "followed": {**ON_ONE, "experiment_config": {"run_name": "nightly"}},
    "unscorable": {**ON_ONE, "experiment_config": {"run_name": "nightly"}, "behaviour": "refuse"},
    "broken": {**ON_ONE, "behaviour": "fail"},
    "refused": {**ON_ONE, "behaviour": "refuse"},
    "dropping": {**ON_ONE, "behaviour": "drop", "reconcile": "records"},
    "lenient": {
        **ON_ONE,
        "behaviour": "refuse-second",
        "bad_records": {"max_count": 1, "result": "ERROR"},
        "reconcile": "records",
    },
    "strict": {**ON_ONE, "behaviour": "refuse", "bad_records": {"max_count": 1, "result": "ERROR"}},
    "slow": {
        "transform": {"instance_type": TYPES[0], "max_runtime_in_seconds": 2},
        "behaviour": "hang",
        "workflow": {"overlapping_runs": "allow"},
    },
    "stopped": {**ON_ONE, "behaviour": "hang"},
    "skipping": {**ON_ONE, "behaviour": "hang", "workflow": {"overlapping_runs": "skip"}},
    "failing": {**ON_ONE, "behaviour": "hang", "workflow": {"overlapping_runs": "fail"}},
    "waiting": {**ON_ONE, "behaviour": "hang"},
}

BEGIN = ["PrepareRun", "Preflight", "CheckRunLock", "CheckRetry", "ListInputs"]
WITHOUT_LOCK = ["PrepareRun", "Preflight", "CheckRetry", "ListInputs"]
RECONCILED = ["CheckTransformJobStatus", "CountResults", "Reconcile", "CheckReconciliation"]
GOOD_END = [*RECONCILED, "ReleaseLock", "WriteRecord", "Completed"]
REFUSED = ["WriteRecordAfterFailure", "Failed"]
BAD_END = ["Diagnose", "ReleaseLockAfterFailure", *REFUSED]
JOB = ["Transform", "ChooseRetry"]
LOOK = ["FindTransformJob", "CheckTransformJobExists"]
SECTIONS = [*JOB, "PlanSections", "CheckSections"]
ROUNDS = [*JOB, *["WaitForCapacity", *JOB] * 8]


@dataclass(frozen=True)
class Scenario:
    """A run of a job under limits: the states that it passes, and how it ends."""

    job: str
    states: list[str]
    error: str = ""
    run_input: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)


SCENARIOS = {
    "a bounded run": Scenario(
        "bounded", [*WITHOUT_LOCK, "CheckMaxCost", "Transform", *RECONCILED, "WriteRecord", "Completed"]
    ),
    "AWS broke a job of a bounded run twice": Scenario(
        "bounded",
        [*WITHOUT_LOCK, "CheckMaxCost", *JOB, "NextAttempt", "CheckMaxCost", *JOB, "Diagnose", *REFUSED],
        "BatchTransform.TaskFailed",
        limits={"broken": TYPES},
    ),
    "success": Scenario("score", [*BEGIN, "Transform", *GOOD_END]),
    "records that the model dropped": Scenario(
        "dropping", [*BEGIN, "Transform", *RECONCILED, *BAD_END], "ReconciliationError"
    ),
    "an override": Scenario(
        "score",
        [*BEGIN, "Transform", *GOOD_END],
        run_input={"data_processing": {"input_filter": "$[0]"}, "transform.max_payload": 3},
    ),
    "an unknown override": Scenario(
        "score", ["PrepareRun", "Preflight", *REFUSED], "RunInputError", {"transform": {"max_paylod": 3}}
    ),
    "an override of what the job file does not declare": Scenario(
        "score",
        ["PrepareRun", "Preflight", *REFUSED],
        "RunInputError",
        {"transform.strategy": "SingleRecord"},
    ),
    "an override beyond the limits": Scenario(
        "score",
        ["PrepareRun", "Preflight", *REFUSED],
        "RunInputError",
        {"transform.instance_count": 2},
    ),
    "bad data": Scenario("refused", [*BEGIN, *JOB, *BAD_END], "BatchTransform.TaskFailed"),
    "a broken model": Scenario("broken", [*BEGIN, *JOB, *BAD_END], "BatchTransform.TaskFailed"),
    "a bad record that is left out": Scenario(
        "lenient",
        [
            *[*BEGIN, *SECTIONS, *SECTIONS, "CollectSections", "CheckCollected", "DeleteSections"],
            *[*RECONCILED[1:], "ReleaseLock", "WriteRecord", "Completed"],
        ],
    ),
    "more bad records than allowed": Scenario(
        "strict", [*BEGIN, *SECTIONS, *SECTIONS, *BAD_END], "BadRecordsError"
    ),
    "AWS broke the job twice": Scenario(
        "single",
        [*WITHOUT_LOCK, *JOB, "NextAttempt", *JOB, "Diagnose", *REFUSED],
        "BatchTransform.TaskFailed",
        limits={"broken": TYPES},
    ),
    "no capacity": Scenario(
        "single",
        [*WITHOUT_LOCK, *ROUNDS, "Diagnose", *REFUSED],
        "BatchTransform.TaskFailed",
        limits={"without_capacity": TYPES},
    ),
    "no quota": Scenario(
        "single",
        [*WITHOUT_LOCK, *ROUNDS, "Diagnose", *REFUSED],
        "SageMaker.ResourceLimitExceededException",
        limits={"quotas": {TYPES[0]: 0}},
    ),
    "fallback instance types, for capacity": Scenario(
        "score",
        [*BEGIN, *JOB, "NextInstanceType", "Transform", *GOOD_END],
        limits={"without_capacity": TYPES[:1]},
    ),
    "fallback instance types, for a quota": Scenario(
        "score",
        [*BEGIN, *JOB, "NextInstanceType", "Transform", *GOOD_END],
        limits={"quotas": {TYPES[0]: 0}},
    ),
    "a run's own fallback instance types": Scenario(
        "score",
        [*BEGIN, *JOB, "NextInstanceType", *JOB, "NextInstanceType", "Transform", *GOOD_END],
        run_input={"transform": {"instance_type": [*TYPES, "ml.c5.xlarge"]}},
        limits={"quotas": {TYPES[0]: 0}, "without_capacity": TYPES[1:]},
    ),
    "throttled": Scenario(
        "single",
        [
            *WITHOUT_LOCK,
            *[*JOB, *LOOK, "WaitAfterThrottling", "NextAttempt"] * 5,
            *JOB,
            *LOOK,
            "Diagnose",
            *REFUSED,
        ],
        "SageMaker.AmazonSageMakerException",
        limits={"throttled": ["CreateTransformJob"]},
    ),
    "no quota for a job that the SDK creates": Scenario(
        "followed",
        [*BEGIN, *ROUNDS, *BAD_END],
        "SageMaker.ResourceLimitExceededException",
        limits={"quotas": {TYPES[0]: 0}},
    ),
    "throttled, with a job that the SDK creates": Scenario(
        "followed",
        [*BEGIN, *[*JOB, *LOOK, "WaitAfterThrottling", "NextAttempt"] * 5, *JOB, *LOOK, *BAD_END],
        "SageMaker.SageMakerException",
        limits={"throttled": ["CreateTransformJob"]},
    ),
}


class Moto:
    """moto's interpreter, in a process of its own."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        self._count = 0
        self.process = subprocess.Popen(
            [str(PYTHON), str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, job: str, run_input: object, *, loses_sight: bool = False) -> dict[str, Any]:
        """Run the job's definition as it was deployed, and return the result with the states."""
        self._count += 1
        machine = self._deployed.machine(job)
        states = self._deployed.aws.client("stepfunctions")
        asked = {
            "definition": states.describe_state_machine(stateMachineArn=machine)["definition"],
            "machine": machine,
            "name": f"moto-{self._count}",
            "run_input": run_input,
            "endpoint_url": self._deployed.aws.endpoint_url,
            "region": "us-east-1",
            "wait_scale": WAIT_SCALE,
            "loses_sight": loses_sight,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{json.dumps(asked)}\n")
        self.process.stdin.flush()
        answered: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answered


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_jobs(tmp_path_factory.mktemp("twice"), JOBS, wait_scale=WAIT_SCALE) as found:
        yield found


@pytest.fixture(scope="module")
def moto(deployed: Deployed) -> Iterator[Moto]:
    interpreter = Moto(deployed)
    yield interpreter
    interpreter.process.communicate()


def in_local_aws(deployed: Deployed, job: str, run_input: object) -> dict[str, Any]:
    execution = deployed.start(job, run_input)
    described = deployed.wait(execution)
    output = json.loads(described["output"]) if described["status"] == "SUCCEEDED" else None
    ended = {name: described.get(name) for name in ("status", "error", "cause")}
    return {**ended, "output": output, "states": deployed.states(execution)}


def comparable(ended: dict[str, Any]) -> dict[str, Any]:
    """What must be the same: kinds in place of ids and moments, and without what the model's server printed."""
    if ended.get("cause"):
        ended = {**ended, "cause": ended["cause"].partition("the container's last lines:")[0].rstrip()}
    ended = {name: value for name, value in ended.items() if name != "events"}  # test_same_history.py
    text = json.dumps({"output": None, "error": None, "cause": None, **ended}, sort_keys=True)
    for pattern, kind in (
        (r"\d{8}[Tt]\d{6}-[0-9a-f]{8}", "RUN"),
        (r":execution:([^:\"]+):[\w-]+", r":execution:\1:NAME"),
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "MOMENT"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
        (r'"BillableTimeInSeconds": \d+', '"BillableTimeInSeconds": 0'),
    ):
        text = re.sub(pattern, kind, text)
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_both_interpreters_reach_the_same_result_through_the_same_states(
    deployed: Deployed, moto: Moto, name: str
) -> None:
    scenario = SCENARIOS[name]
    deployed.limit(**scenario.limits)
    try:
        here = in_local_aws(deployed, scenario.job, scenario.run_input)
        there = moto.run(scenario.job, scenario.run_input)
    finally:
        deployed.limit()
    assert here["states"] == scenario.states
    assert comparable(there) == comparable(here)
    if scenario.error:
        assert here["status"] == "FAILED"
        assert here["error"] == scenario.error
    else:
        assert here["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("job", "end", "status"),
    [
        ("followed", GOOD_END[1:], "SUCCEEDED"),
        ("unscorable", ["TransformJobNotCompleted", "ChooseRetry", *BAD_END], "FAILED"),
    ],
)
def test_a_job_that_the_sdk_creates_is_followed_to_its_end_in_both(
    deployed: Deployed, moto: Moto, job: str, end: list[str], status: str
) -> None:
    """How often its status is checked depends on how long it takes."""
    check = ["WaitForTransformJob", "FindTransformJob", "CheckFoundTransformJob"]
    ends = [in_local_aws(deployed, job, {}), moto.run(job, {})]
    for ended in ends:
        checks = ended["states"][len(BEGIN) + 1 : len(ended["states"]) - len(end)]
        assert len(checks) >= len(check)
        assert checks == check * (len(checks) // len(check))
        ended["states"] = [*BEGIN, "Transform", *ended["states"][-len(end) :]]
    assert ends[0]["states"] == [*BEGIN, "Transform", *end]
    assert ends[0]["status"] == status
    assert comparable(ends[0]) == comparable(ends[1])


def test_a_job_that_takes_too_long_is_stopped_in_both(deployed: Deployed, moto: Moto) -> None:
    """Either may stop the job: the task as it times out, or the state after it."""
    ends = [in_local_aws(deployed, "slow", {}), moto.run("slow", {})]
    for end in ends:
        end["states"] = [state for state in end["states"] if state != "StopTransformJob"]
        end["cause"] = re.sub(
            r"\n(the state machine stopped|StopTransformJob was refused)[^\n]*", "", end["cause"]
        )
    looked = ["FindTransformJob", "CheckFoundTransformJob", "Diagnose", *REFUSED]
    assert ends[0]["states"] == [*WITHOUT_LOCK, *JOB, *looked]
    assert ends[0]["error"] == "BatchTransform.Timeout"
    assert comparable(ends[0]) == comparable(ends[1])
    assert not deployed.aws.client("sagemaker").list_transform_jobs(StatusEquals="InProgress")[
        "TransformJobSummaries"
    ]


def jobs_in_progress(deployed: Deployed, job: str) -> list[str]:
    """Return the transform jobs in progress of one job: one of the test before may still be stopping."""
    client = deployed.aws.client("sagemaker")
    found = client.list_transform_jobs(StatusEquals="InProgress", NameContains=f"{job}-")
    return [each["TransformJobName"] for each in found["TransformJobSummaries"]]


def test_a_job_that_somebody_stops_fails_in_both(deployed: Deployed, moto: Moto) -> None:
    def stop_next(begun: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        sagemaker = deployed.aws.client("sagemaker")
        with ThreadPoolExecutor() as pool:
            ending = pool.submit(begun)
            while not (running := jobs_in_progress(deployed, "stopped")):
                time.sleep(0.05)
            sagemaker.stop_transform_job(TransformJobName=running[0])
            return ending.result()

    here = stop_next(lambda: in_local_aws(deployed, "stopped", {}))
    there = stop_next(lambda: moto.run("stopped", {}))
    assert here["states"] == [*BEGIN, *JOB, *BAD_END]
    assert "StopTransformJob" in here["cause"]
    assert comparable(there) == comparable(here)


@pytest.mark.parametrize(
    ("job", "end", "outcome"),
    [("skipping", ["Skipped"], "Skipped"), ("failing", ["OverlappingRun", *REFUSED], "OverlappingRun")],
)
def test_a_run_beside_another_ends_the_same_in_both(
    deployed: Deployed, moto: Moto, job: str, end: list[str], outcome: str
) -> None:
    other = deployed.start(job, {})
    try:
        deployed.job_running(other)
        here = in_local_aws(deployed, job, {})
        there = moto.run(job, {})
    finally:
        deployed.stop(other)
    assert here["states"] == [*BEGIN[:-2], *end]
    assert comparable(there) == comparable(here)
    assert outcome == (here["output"]["Outcome"] if here["output"] else here["error"])


def test_a_retry_ends_the_same_in_both(deployed: Deployed, moto: Moto) -> None:
    first = deployed.start("refused", {})
    retried = run_id(first, deployed.wait(first)["startDate"])
    begin = [*BEGIN[:-1], "PlanRetry"]
    for run, end in ((retried, [*JOB, *BAD_END]), ("20200101T000000-00000000", BAD_END[1:])):
        here = in_local_aws(deployed, "refused", {"retry_of": run})
        there = moto.run("refused", {"retry_of": run})
        assert here["states"] == [*begin, *end]
        assert here["error"] == ("BatchTransform.TaskFailed" if run == retried else "RetryError")
        assert comparable(there) == comparable(here)


def test_a_run_is_skipped_in_both_if_another_one_waits(deployed: Deployed, moto: Moto) -> None:
    started = [deployed.start("waiting", {})]
    try:
        deployed.job_running(started[0])
        started.append(deployed.start("waiting", {}))
        deployed.until_in(started[1], "WaitForOtherRun")
        here = in_local_aws(deployed, "waiting", {})
        there = moto.run("waiting", {})
    finally:
        for execution in started:
            deployed.stop(execution)
    assert here["states"] == [*BEGIN[:-2], "Skipped"]
    assert comparable(there) == comparable(here)
    waits, runs = here["output"]["WaitingExecutionArn"], here["output"]["RunningExecutionArn"]
    assert [runs, waits] == started
    assert there["output"]["WaitingExecutionArn"] == started[1]


def test_a_transform_job_that_the_task_lost_track_of_is_awaited(deployed: Deployed, moto: Moto) -> None:
    """In moto only, whose task can be made to lose sight of its job at once."""
    with ThreadPoolExecutor() as pool:
        ending = pool.submit(moto.run, "stopped", {}, loses_sight=True)
        while not (begun := jobs_in_progress(deployed, "stopped")):
            time.sleep(0.05)
        time.sleep(1)
        still = jobs_in_progress(deployed, "stopped")
        deployed.aws.client("sagemaker").stop_transform_job(TransformJobName=begun[0])
        ended = ending.result()
    assert still == begun
    looked = ["FindTransformJob", "CheckFoundTransformJob"]
    assert ended["states"][: len(BEGIN) + 5] == [*BEGIN, *JOB, *looked, "WaitForTransformJob"]
    assert ended["states"][-(len(BAD_END) + 4) :] == [
        *looked,
        "TransformJobNotCompleted",
        "ChooseRetry",
        *BAD_END,
    ]
    assert "StopTransformJob" in ended["cause"]
