"""The state machine as a graph, and its expressions as the reference JSONata engine evaluates them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonata
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_transform.spec.job_spec import (
    DataProcessingSpec,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    TransformSpec,
)
from batch_transform.spec.request import transform_job_request
from batch_transform.spec.run_id import run_id
from constructs_lib.definition import MAX_ATTEMPTS, Definition, Functions, state_machine_definition

PROJECT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent

SPEC = JobSpec(
    name="churn-nightly",
    model=ModelSpec(existing="churn"),
    input=InputSpec(content_type="text/csv", split_type="Line"),
    transform=TransformSpec(
        strategy="MultiRecord", max_payload=6, env={"LEVEL": "2"}, max_runtime_in_seconds=7200
    ),
    data_processing=DataProcessingSpec(input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]"),
    output=OutputSpec(accept="text/csv", assemble_with="Line"),
    job_file="jobs/churn.yaml",
)
REQUEST = transform_job_request(
    SPEC, model_name="churn", data="s3://in/churn/", output_path="s3://out/churn/"
)
TRANSFORM = "sagemaker:createTransformJob.sync"


@pytest.fixture(scope="module")
def definition() -> Definition:
    functions = Functions(
        preflight_arn="arn:aws:lambda:eu-west-1:123456789012:function:preflight",
        diagnose_arn="arn:aws:lambda:eu-west-1:123456789012:function:diagnose",
    )
    return state_machine_definition(SPEC, REQUEST, functions)


def next_states(state: dict[str, Any]) -> Iterator[str]:
    """Every state that may follow, error paths included."""
    yield from (state[key] for key in ("Next", "Default") if key in state)
    yield from (branch["Next"] for key in ("Choices", "Catch") for branch in state.get(key, []))


def reachable(states: dict[str, Any], start: str, *, without: str) -> set[str]:
    """The states reachable from `start` on paths that do not enter `without`."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in seen and name != without:
            seen.add(name)
            ahead.extend(next_states(states[name]))
    return seen


def evaluate(template: str, **variables: Any) -> Any:
    """Evaluate a `{% … %}` expression; `$hash` is Step Functions' own addition to JSONata."""
    expression = jsonata.Jsonata(template.removeprefix("{%").removesuffix("%}").strip())
    expression.register_lambda("hash", lambda text, _algorithm: sha256(text.encode()).hexdigest())
    return expression.evaluate(None, variables)


def job_name(definition: Definition, run: str, attempt: int, retries: int) -> str:
    states = {"context": {"State": {"RetryCount": retries}}}
    template = definition["States"]["Transform"]["Arguments"]["TransformJobName"]
    return str(evaluate(template, job=SPEC.name, run=run, attempt=attempt, states=states))


def test_a_run_ends_well_only_with_a_completed_transform_job(definition: Definition) -> None:
    ends = [
        name for name, state in definition["States"].items() if state.get("End") or state["Type"] == "Succeed"
    ]
    assert ends == ["Completed"]
    before = [name for name, state in definition["States"].items() if "Completed" in next_states(state)]
    assert before == ["HowEnded"]
    assert definition["States"]["Transform"]["Next"] == "HowEnded"


@pytest.mark.parametrize(
    ("status", "follows"),
    [("Completed", "Completed"), ("Stopped", "NotCompleted"), ("Failed", "NotCompleted")],
)
def test_a_job_that_ended_otherwise_is_diagnosed(definition: Definition, status: str, follows: str) -> None:
    choice = definition["States"]["HowEnded"]
    ended = {"TransformJobName": "churn-1", "TransformJobStatus": status}
    taken = [branch["Next"] for branch in choice["Choices"] if evaluate(branch["Condition"], ended=ended)]
    assert (taken or [choice["Default"]])[0] == follows
    error = definition["States"]["NotCompleted"]["Assign"]["error"]
    assert json.loads(evaluate(error["Cause"], ended=ended)) == ended
    assert reachable(definition["States"], "NotCompleted", without="Transform") == {
        "NotCompleted",
        "Diagnose",
        "Failed",
    }


def test_every_caught_error_leads_to_the_fail_state_or_to_another_attempt(definition: Definition) -> None:
    states = definition["States"]
    caught = [catch["Next"] for state in states.values() for catch in state.get("Catch", [])]
    assert caught
    for start in caught:
        ends = [
            name
            for name in reachable(states, start, without="Transform")
            if not list(next_states(states[name]))
        ]
        assert ends == ["Failed"]
    assert states["Failed"]["Type"] == "Fail"


def test_every_task_catches_all_errors_and_has_a_timeout(definition: Definition) -> None:
    tasks = [state for state in definition["States"].values() if state["Type"] == "Task"]
    assert len(tasks) == 3
    for task in tasks:
        assert task["TimeoutSeconds"] > 0
        assert [catch["ErrorEquals"] for catch in task["Catch"]] == [["States.ALL"]]


def test_the_jobs_own_limit_is_the_timeout_of_the_transform_state(definition: Definition) -> None:
    assert definition["States"]["Transform"]["TimeoutSeconds"] == 7200


def test_throttling_and_quota_are_retried_with_jitter(definition: Definition) -> None:
    retries = {retry["ErrorEquals"][0]: retry for retry in definition["States"]["Transform"]["Retry"]}
    assert set(retries) == {"SageMaker.ResourceLimitExceededException", "SageMaker.AmazonSageMakerException"}
    assert all(retry["JitterStrategy"] == "FULL" and retry["BackoffRate"] > 1 for retry in retries.values())


def test_the_call_sends_every_member_of_the_request(definition: Definition) -> None:
    def paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        if isinstance(value, dict) and path != ("Environment",):
            for name, member in value.items():
                yield from paths(member, (*path, name))
        else:
            yield path

    arguments = definition["States"]["Transform"]["Arguments"]
    assert set(paths(arguments)) == {*paths(REQUEST), ("TransformJobName",)}
    assert arguments["DataProcessing"]["InputFilter"] == "{% $request.DataProcessing.InputFilter %}"
    assert definition["States"]["Request"]["Assign"]["request"] == REQUEST


@pytest.mark.parametrize(
    "execution_name",
    ["1f0c9a52-9ac1-4f6e-a3fb-0c1f4e6c1f11", "e2a1_8b3c", "my run_2026.11.22" + "x" * 60, "Ünïcode"],
    ids=["console", "rule", "person", "any"],
)
def test_a_run_id_is_legal_and_the_same_in_jsonata_and_python(
    definition: Definition, execution_name: str
) -> None:
    arn = f"arn:aws:states:eu-west-1:123456789012:execution:churn:{execution_name}"
    context = {"Execution": {"Id": arn, "StartTime": "2026-11-22T02:00:01.123Z"}}
    run = evaluate(definition["States"]["Request"]["Assign"]["run"], states={"context": context})
    assert re.fullmatch(r"20261122T020001-[0-9a-f]{8}", run)
    assert run == run_id(arn, datetime(2026, 11, 22, 2, 0, 1, 123000, tzinfo=timezone.utc))


@settings(deadline=None)  # the reference engine is slow on a busy machine
@given(attempt=st.integers(1, MAX_ATTEMPTS), retries=st.integers(0, 12))
def test_a_job_name_is_legal_and_new_on_every_attempt(
    definition: Definition, attempt: int, retries: int
) -> None:
    run = "20261122T020001-0a1b2c3d"
    name = job_name(definition, run, attempt, retries)
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)
    assert len("x" * 32 + name.removeprefix(SPEC.name)) <= 63
    others = {job_name(definition, run, a, r) for a in range(1, MAX_ATTEMPTS + 1) for r in range(13)}
    assert len(others) == MAX_ATTEMPTS * 13


@pytest.mark.parametrize(
    ("cause", "attempt", "follows"),
    [
        (
            '{"FailureReason":"CapacityError: Unable to provision requested ML compute capacity"}',
            1,
            "WaitForCapacity",
        ),
        (
            '{"FailureReason":"CapacityError: Unable to provision requested ML compute capacity"}',
            MAX_ATTEMPTS,
            "Diagnose",
        ),
        ('{"FailureReason":"InternalServerError: We encountered an internal error"}', 1, "NextAttempt"),
        ('{"FailureReason":"InternalServerError: We encountered an internal error"}', 2, "Diagnose"),
        ('{"FailureReason":"ClientError: See job logs for more information"}', 1, "Diagnose"),
        ('{"FailureReason":"AlgorithmError: See job logs for more information"}', 1, "Diagnose"),
    ],
)
def test_only_what_aws_could_not_serve_is_tried_again(
    definition: Definition, cause: str, attempt: int, follows: str
) -> None:
    choice = definition["States"]["WhyFailed"]
    error = {"Error": "States.TaskFailed", "Cause": cause}
    taken = [
        branch["Next"]
        for branch in choice["Choices"]
        if evaluate(branch["Condition"], error=error, attempt=attempt)
    ]
    assert (taken or [choice["Default"]])[0] == follows


def test_a_cause_that_was_cut_off_is_told_as_it_is(definition: Definition) -> None:
    failure = definition["States"]["Diagnose"]["Catch"][0]["Assign"]["failure"]
    error = {"Error": "States.TaskFailed", "Cause": '{"TransformJobName": "churn-1", "FailureRea'}
    place = {"S3DataSource": {"S3Uri": "s3://in/churn/"}}
    request = {"TransformInput": {"DataSource": place}}
    cause = evaluate(failure["Cause"], error=error, job="churn", job_file="", request=request)
    assert cause == f"job churn failed on s3://in/churn/: {error['Cause']}"


def test_a_failed_preflight_is_told_with_the_job_and_its_file(definition: Definition) -> None:
    failure = definition["States"]["Preflight"]["Catch"][0]["Assign"]["failure"]
    output = {
        "Error": "DataNotFoundError",
        "Cause": json.dumps({"errorMessage": "no object starts with s3://in/x"}),
    }
    states = {"errorOutput": output}

    def parse(template: str) -> Any:
        expression = jsonata.Jsonata(template.removeprefix("{%").removesuffix("%}"))
        expression.register_lambda("parse", json.loads)
        return expression.evaluate(None, {"states": states, "job": "churn", "job_file": "jobs/churn.yaml"})

    assert parse(failure["Error"]) == "DataNotFoundError"
    assert parse(failure["Cause"]).startswith("job churn (jobs/churn.yaml): ")
    assert parse(failure["Cause"]).endswith("no object starts with s3://in/x")


def test_statelint_finds_nothing(definition: Definition, tmp_path: Path) -> None:
    path = tmp_path / "definition.json"
    path.write_text(json.dumps(definition))
    done = subprocess.run([str(TOOLS / "statelint"), str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_asl_validator_finds_nothing(definition: Definition, tmp_path: Path) -> None:
    path = tmp_path / "definition.json"
    path.write_text(json.dumps(definition))
    command = [
        str(TOOLS / "node"),
        str(PROJECT / "node_modules/.bin/asl-validator"),
        "--json-path",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
