"""The state machine as a graph, and its expressions as the reference JSONata engine evaluates them."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.request.overrides import apply_overrides
from batch_transform.job.request.request import members_of, transform_job_request
from batch_transform.job.values.bad_records_spec import MOST_ROUNDS, BadRecordsSpec
from batch_transform.job.values.job_spec import (
    DataProcessingSpec,
    ExperimentConfig,
    InputSpec,
    JobSpec,
    ModelSpec,
    NotifySpec,
    OutputSpec,
    TransformSpec,
    WorkflowSpec,
)
from batch_transform.job.values.run import run_id
from batch_transform_cdk.ground.function_size import LISTS_OBJECTS
from batch_transform_cdk.machine.definition import (
    Definition,
    Parts,
    longest_run_seconds,
    state_machine_definition,
)
from batch_transform_cdk.machine.states.language import pause_and_checks
from batch_transform_cdk.machine.states.lost_job import MOST_THROTTLED
from batch_transform_cdk.machine.states.record import MOST_COUNTING_CALLS
from batch_transform_cdk.machine.states.retries import MOST_CAPACITY_ATTEMPTS, longest_wait_seconds
from checks.state_machine import findings

SPEC = JobSpec(
    name="churn-nightly",
    model=ModelSpec(existing="churn"),
    input=InputSpec(content_type="text/csv", split_type="Line"),
    transform=TransformSpec(
        instance_type=("ml.m5.large", "ml.m5.xlarge"),
        strategy="MultiRecord",
        max_payload=6,
        env={"LEVEL": "2"},
        max_runtime_in_seconds=7200,
    ),
    data_processing=DataProcessingSpec(input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]"),
    output=OutputSpec(accept="text/csv", assemble_with="Line"),
    tags={"team": "churn"},
    job_file="jobs/churn.yaml",
)
REQUEST = transform_job_request(
    SPEC, model_name="churn", data="s3://in/churn/", output_path="s3://out/churn/"
)
LOCK = {"Bucket": "out", "Key": ".locks/churn-nightly"}
CAPACITY = '{"FailureReason":"CapacityError: Unable to provision requested ML compute capacity"}'
INTERNAL = '{"FailureReason":"InternalServerError: We encountered an internal error"}'
QUOTA = "SageMaker.ResourceLimitExceededException"
THROTTLED = "Rate exceeded (Service: AmazonSageMaker; Status Code: 400; Error Code: ThrottlingException)"

# The states that call AWS; all others only decide.
TASKS = {
    "Preflight",
    "ListInputs",
    "PlanRetry",
    "Transform",
    "FindTransformJob",
    "StopTransformJob",
    "CountResults",
    "Reconcile",
    "WriteRecord",
    "WriteRecordAfterFailure",
    "Diagnose",
    "ReleaseLock",
    "ReleaseLockAfterFailure",
}


PARTS = Parts(
    preflight_arn="arn:aws:lambda:eu-west-1:123456789012:function:preflight",
    report_arn="arn:aws:lambda:eu-west-1:123456789012:function:report",
    record_arn="arn:aws:lambda:eu-west-1:123456789012:function:record",
    lock=LOCK,
)


FOLLOWED = dataclasses.replace(SPEC, experiment_config=ExperimentConfig(run_name="nightly"))
"""A job with a member that nobody is known to send with the optimised integration."""


def a_followed_definition() -> Definition:
    request = transform_job_request(
        FOLLOWED, model_name="churn", data="s3://data-in/churn/", output_path="s3://data-out/churn/"
    )
    return state_machine_definition(FOLLOWED, request, PARTS)


def a_definition(overlapping_runs: str = "wait", job_file: str = "jobs/churn.yaml") -> Definition:
    if overlapping_runs == "followed":
        return a_followed_definition()
    workflow = WorkflowSpec(overlapping_runs=overlapping_runs)
    parts = dataclasses.replace(PARTS, lock=None if overlapping_runs == "allow" else LOCK)
    spec = dataclasses.replace(SPEC, workflow=workflow, job_file=job_file)
    return state_machine_definition(spec, REQUEST, parts)


@pytest.fixture(scope="module")
def definition() -> Definition:
    return a_definition()


@pytest.fixture(params=["wait", "skip", "fail", "allow", "followed"])
def each_definition(request: pytest.FixtureRequest) -> Definition:
    return a_definition(request.param)


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
            ahead += next_states(states[name])
    return seen


def evaluate(template: str, **variables: Any) -> Any:
    """Evaluate a `{% … %}` expression; `$hash` and `$parse` are Step Functions' own additions to JSONata."""
    expression = jsonata.Jsonata(template.removeprefix("{%").removesuffix("%}").strip())
    expression.register_lambda("hash", lambda text, _algorithm: sha256(text.encode()).hexdigest())
    expression.register_lambda("parse", json.loads)
    return expression.evaluate(None, variables)


def follows(choice: dict[str, Any], **variables: Any) -> str:
    """The state that a Choice goes to."""
    taken = (branch["Next"] for branch in choice["Choices"] if evaluate(branch["Condition"], **variables))
    return str(next(taken, choice["Default"]))


def job_name(definition: Definition, attempt: int) -> str:
    return str(sent(definition, attempt=attempt)["TransformJobName"])


def sent(definition: Definition, **variables: Any) -> dict[str, Any]:
    """The arguments of CreateTransformJob."""
    known: dict[str, Any] = {
        "sent_request": REQUEST,
        "job_name": SPEC.name,
        "run_id": "20261122T020001-0a1b2c3d",
        "attempt": 1,
        "instance_type_index": 0,
        "instance_types": list(SPEC.transform.instance_type),
    }
    return dict(filled(definition["States"]["Transform"]["Arguments"], **known | variables))


def filled(arguments: Any, **variables: Any) -> Any:
    """The object with the value of each expression in it; what an expression does not find fails an execution."""
    if isinstance(arguments, dict):
        return {name: filled(value, **variables) for name, value in arguments.items()}
    value = evaluate(arguments, **variables)
    assert value is not None
    return value


def test_a_run_succeeds_only_with_a_completed_transform_job_or_skipped(each_definition: Definition) -> None:
    states = each_definition["States"]
    ends = {name for name, state in states.items() if state.get("End") or state["Type"] == "Succeed"}
    assert ends <= {"Completed", "Skipped"}
    counting = [name for name, state in states.items() if "CountResults" in next_states(state)]
    task, checks = states["Transform"], "CheckTransformJobStatus"
    assert counting == ([checks] if ".sync" in task["Resource"] else []) + ["CheckFoundTransformJob"]
    for name in counting:
        to_count = [one for one in states[name]["Choices"] if one["Next"] == "CountResults"]
        [condition] = [one["Condition"] for one in to_count]
        assert condition.startswith("{% $transform_job.TransformJobStatus = 'Completed' ")
    ends_of_failed = reachable(states, "Diagnose", without="") & {"Completed", "Skipped", "Failed"}
    assert ends_of_failed == {"Failed"}


def test_no_run_is_skipped_if_runs_fail_or_overlap() -> None:
    for choice in ("fail", "allow"):
        assert "Skipped" not in a_definition(choice)["States"]


@pytest.mark.parametrize("overlapping_runs", ["wait", "skip"])
def test_a_skipped_run_has_the_members_of_a_completed_one(overlapping_runs: str) -> None:
    skipped = a_definition(overlapping_runs)["States"]["Skipped"]
    assert skipped["Output"]["Outcome"] == "Skipped"
    uncounted = a_definition("skip")["States"]["CountResults"]["Catch"][0]["Assign"]["output"]
    assert skipped["Output"].keys() == uncounted.keys()


def test_every_state_can_be_reached_and_every_path_ends(each_definition: Definition) -> None:
    states = each_definition["States"]
    assert reachable(states, each_definition["StartAt"], without="") == set(states)
    for name in states:
        ends = {one for one in reachable(states, name, without="") if not list(next_states(states[one]))}
        assert ends <= {"Completed", "Skipped", "Failed"}
        assert ends


def test_every_caught_error_fails_the_run_or_leads_to_another_attempt(each_definition: Definition) -> None:
    states = each_definition["States"]
    caught = {(name, catch["Next"]) for name, state in states.items() for catch in state.get("Catch", [])}
    # Those that do not fail a run: its results are there, a lock is stale when its execution has ended, and the record
    # never decides how a run ends.
    harmless = {("CountResults", "Reconcile"), ("ReleaseLock", "WriteRecord"), ("WriteRecord", "Completed")}
    harmless |= {
        ("ReleaseLockAfterFailure", "WriteRecordAfterFailure"),
        ("WriteRecordAfterFailure", "Failed"),
    }
    harmless |= {("ListInputs", "Transform"), ("Reconcile", "ReleaseLock"), ("Reconcile", "WriteRecord")}
    assert len(caught - harmless) == 6
    for _, start in caught - harmless:
        ends = {
            name
            for name in reachable(states, start, without="Transform")
            if not list(next_states(states[name]))
        }
        # A job that was found again may have completed.
        assert "Failed" in ends
        assert ends <= {"Failed", "Completed"}
    assert states["Failed"]["Type"] == "Fail"


def test_every_path_to_the_fail_state_sets_the_failure(each_definition: Definition) -> None:
    states = each_definition["States"]
    for name, state in states.items():
        if "WriteRecordAfterFailure" in next_states(state) and name != "ReleaseLockAfterFailure":
            given = [state.get("Assign", {}), *(catch["Assign"] for catch in state.get("Catch", []))]
            assert any("run_failure" in assigned for assigned in given), name
            assert all("run_failure" in catch["Assign"] for catch in state.get("Catch", [])), name


def test_every_end_with_the_lock_releases_it(definition: Definition) -> None:
    states = definition["States"]
    releasing = {"ReleaseLock": "WriteRecord", "ReleaseLockAfterFailure": "WriteRecordAfterFailure"}
    before = {name for name, state in states.items() if set(releasing.values()) & set(next_states(state))}
    assert before == {"Preflight", "OverlappingRun", *releasing}  # the first two have no lock
    for name, following in releasing.items():
        assert states[name]["Arguments"] == "{% $lock.Object %}"
        assert [catch["Next"] for catch in states[name]["Catch"]] == [following]


def test_every_task_catches_all_errors_and_has_a_timeout(each_definition: Definition) -> None:
    states = each_definition["States"]
    tasks = {name for name, state in states.items() if state["Type"] == "Task"}
    releasing = {"ReleaseLock", "ReleaseLockAfterFailure"}
    assert tasks == (TASKS if "ReleaseLock" in states else TASKS - releasing)
    for task in tasks:
        assert states[task]["TimeoutSeconds"] > 0
        assert [catch["ErrorEquals"] for catch in states[task]["Catch"]] == [["States.ALL"]]


def test_every_state_has_a_comment(each_definition: Definition) -> None:
    for name, state in each_definition["States"].items():
        assert len(state["Comment"]) > 15, name


def test_every_retry_backs_off_with_jitter(definition: Definition) -> None:
    retries = [retry for state in definition["States"].values() for retry in state.get("Retry", [])]
    assert len(retries) == 12
    assert all(retry["JitterStrategy"] == "FULL" and retry["BackoffRate"] > 1 for retry in retries)
    for wait, counter in (
        ("WaitForCapacity", "capacity_attempt"),
        ("WaitAfterThrottling", "throttled_calls"),
    ):
        first = 1 if counter == "capacity_attempt" else 0
        for count, longest in ((0, 60), (1, 90), (8, 900)):
            seconds = evaluate(definition["States"][wait]["Seconds"], **{counter: first + count})
            assert longest / 2 <= seconds <= longest
            assert seconds == int(seconds)


def test_a_run_waits_for_capacity_for_three_quarters_of_an_hour() -> None:
    assert longest_wait_seconds() // 60 == 47


def test_the_timeout_of_a_run_is_longer_than_any_run(definition: Definition) -> None:
    limits = [state.get("TimeoutSeconds", 0) for state in definition["States"].values()]
    assert definition["TimeoutSeconds"] > sum(limits) + 86_400 + longest_wait_seconds()
    longest = dataclasses.replace(SPEC, transform=TransformSpec(max_runtime_in_seconds=90_000_000))
    assert longest_run_seconds(longest) == 99_999_999, "Step Functions takes no more"


def test_the_transform_job_has_no_retry_that_could_use_its_name_again(definition: Definition) -> None:
    assert "Retry" not in definition["States"]["Transform"]


def test_every_way_back_to_the_transform_job_increments_the_attempt(each_definition: Definition) -> None:
    states = each_definition["States"]
    before = {name for name, state in states.items() if "Transform" in next_states(state)}
    first = {"ListInputs", "PlanRetry"}
    assert before == {*first, "NextInstanceType", "WaitForCapacity", "NextAttempt"}
    for name in before - first:
        assert states[name]["Assign"]["attempt"] == "{% $attempt + 1 %}"


def test_the_jobs_time_limit_is_the_timeout_of_the_transform_state(definition: Definition) -> None:
    assert definition["States"]["Transform"]["TimeoutSeconds"] == 7200


def test_the_call_sends_the_checked_request_under_the_name_of_the_attempt(definition: Definition) -> None:
    assert definition["States"]["PrepareRun"]["Assign"]["declared_request"] == REQUEST
    arguments = sent(definition)
    assert arguments.pop("TransformJobName") == "churn-nightly-20261122T020001-0a1b2c3d-1"
    assert arguments == REQUEST


def test_the_arguments_are_an_object_whose_names_aws_checks_when_the_machine_is_created(
    definition: Definition,
) -> None:
    arguments = definition["States"]["Transform"]["Arguments"]
    assert list(members_of(arguments)) == [("TransformJobName",), *members_of(REQUEST)]
    assert arguments["TransformInput"]["ContentType"] == "{% $sent_request.TransformInput.ContentType %}"
    assert arguments["Tags"] == "{% $sent_request.Tags %}"


def test_a_run_sends_what_it_changes_and_neutral_values_for_the_rest(definition: Definition) -> None:
    bare = JobSpec(name="churn-nightly", model=ModelSpec(existing="churn"))
    request = transform_job_request(
        bare, model_name="churn", data="s3://data-in/a/", output_path="s3://data-out/a/"
    )
    arguments = sent(state_machine_definition(bare, request, PARTS), sent_request=request)
    assert arguments == request | {"TransformJobName": arguments["TransformJobName"]}
    assert {"DataProcessing", "BatchStrategy", "MaxPayloadInMB", "Tags"}.isdisjoint(arguments)
    assert arguments["Environment"] == {}
    assert arguments["MaxConcurrentTransforms"] == 0
    changed = apply_overrides(request, {"transform": {"env": {"A": "b"}, "max_concurrent_transforms": 2}})
    arguments = sent(state_machine_definition(bare, request, PARTS), sent_request=changed.request)
    assert (arguments["Environment"], arguments["MaxConcurrentTransforms"]) == ({"A": "b"}, 2)


@pytest.mark.parametrize("types", [["ml.m5.large"], ["ml.m5.large", "ml.c5.xlarge", "ml.m5.4xlarge"]])
def test_each_attempt_uses_the_instance_type_at_its_index(definition: Definition, types: list[str]) -> None:
    for index, instance_type in enumerate(types):
        resources = sent(definition, instance_type_index=index, instance_types=types)["TransformResources"]
        assert resources == {"InstanceType": instance_type, "InstanceCount": 1}


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
    run = evaluate(definition["States"]["PrepareRun"]["Assign"]["run_id"], states={"context": context})
    assert re.fullmatch(r"20261122T020001-[0-9a-f]{8}", run)
    assert run == run_id(arn, datetime(2026, 11, 22, 2, 0, 1, 123000, tzinfo=UTC))


@given(attempt=st.integers(1, 9_999))
def test_a_job_name_is_legal_and_of_its_attempt_alone(definition: Definition, attempt: int) -> None:
    name = job_name(definition, attempt)
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)
    assert len("x" * 32 + name.removeprefix(SPEC.name)) <= 63
    assert name.rpartition("-")[2] == str(attempt)


FIRST_ATTEMPT: dict[str, Any] = {"instance_type_index": 0, "capacity_attempt": 1, "retried_internal_error": 0}
LAST_ATTEMPT = {"instance_type_index": 1, "capacity_attempt": MOST_CAPACITY_ATTEMPTS}


@pytest.mark.parametrize(
    ("error", "cause", "variables", "expected"),
    [
        ("States.TaskFailed", CAPACITY, {}, "NextInstanceType"),
        ("States.TaskFailed", CAPACITY, {"instance_type_index": 1}, "WaitForCapacity"),
        (
            "States.TaskFailed",
            CAPACITY,
            LAST_ATTEMPT,
            "Diagnose",
        ),
        (QUOTA, "The account-level service limit …", {}, "NextInstanceType"),
        (QUOTA, "The account-level service limit …", {"instance_type_index": 1}, "WaitForCapacity"),
        (
            QUOTA,
            "The account-level service limit …",
            LAST_ATTEMPT,
            "Diagnose",
        ),
        ("States.TaskFailed", INTERNAL, {}, "NextAttempt"),
        ("States.TaskFailed", INTERNAL, {"retried_internal_error": 1}, "Diagnose"),
        ("States.TaskFailed", '{"FailureReason":"ClientError: See job logs"}', {}, "Diagnose"),
        ("States.TaskFailed", '{"FailureReason":"AlgorithmError: no CapacityError"}', {}, "Diagnose"),
        ("States.TaskFailed", '{"TransformJobStatus":"Stopped"}', {}, "Diagnose"),
        ("States.TaskFailed", '{"Tags": {"a": "CapacityError"}, "FailureReason" : "Clie', {}, "Diagnose"),
        ("States.TaskFailed", "", {}, "Diagnose"),
        ("States.Timeout", "", {}, "FindTransformJob"),
        ("SageMaker.AmazonSageMakerException", THROTTLED, {}, "FindTransformJob"),
        ("SageMaker.ResourceInUseException", "the name is taken", {}, "FindTransformJob"),
    ],
)
def test_only_what_aws_could_not_serve_is_retried(
    definition: Definition, error: str, cause: str, variables: dict[str, int], expected: str
) -> None:
    known = {
        "instance_type_index": 0,
        "capacity_attempt": 1,
        "retried_internal_error": 0,
        "instance_types": ["ml.m5.large", "ml.m5.xlarge"],
    }
    choice = definition["States"]["ChooseRetry"]
    assert follows(choice, failure={"Error": error, "Cause": cause}, **known | variables) == expected


def test_a_run_waits_for_the_only_instance_type(definition: Definition) -> None:
    known = {
        "instance_type_index": 0,
        "capacity_attempt": 1,
        "retried_internal_error": 0,
        "instance_types": ["ml.m5.large"],
    }
    choice = definition["States"]["ChooseRetry"]
    assert follows(choice, failure={"Error": QUOTA, "Cause": ""}, **known) == "WaitForCapacity"


@pytest.mark.parametrize(
    ("find_failure", "cause", "throttled_calls", "expected"),
    [
        ({"Error": "SageMaker.ResourceNotFoundException", "Cause": ""}, THROTTLED, 0, "WaitAfterThrottling"),
        (
            {"Error": "SageMaker.SageMakerException", "Cause": "Could not find it"},
            THROTTLED,
            0,
            "WaitAfterThrottling",
        ),
        (
            {"Error": "SageMaker.ResourceNotFoundException", "Cause": ""},
            THROTTLED,
            MOST_THROTTLED,
            "Diagnose",
        ),
        (
            {"Error": "SageMaker.ResourceNotFoundException", "Cause": ""},
            "Could not find model",
            0,
            "Diagnose",
        ),
        (
            {"Error": "SageMaker.SageMakerException", "Cause": "Rate exceeded"},
            THROTTLED,
            0,
            "StopTransformJob",
        ),
        ({"Error": "States.Timeout", "Cause": ""}, THROTTLED, 0, "StopTransformJob"),
    ],
)
def test_a_throttled_call_is_retried_only_if_it_created_no_transform_job(
    definition: Definition, find_failure: dict[str, str], cause: str, throttled_calls: int, expected: str
) -> None:
    error = {"Error": "SageMaker.AmazonSageMakerException", "Cause": cause}
    choice = definition["States"]["CheckTransformJobExists"]
    assert (
        follows(choice, failure=error, find_failure=find_failure, throttled_calls=throttled_calls) == expected
    )


SAGEMAKER = "SageMaker.AmazonSageMakerException"
IN_USE = "SageMaker.ResourceInUseException"
DENIED = "User: arn:of:the:machine is not authorized to perform: sagemaker:ListTags"


@pytest.mark.parametrize(
    ("error", "cause", "status", "status_checks", "expected"),
    [
        (SAGEMAKER, THROTTLED, "Completed", 0, "CountResults"),
        (SAGEMAKER, THROTTLED, "InProgress", 0, "WaitForTransformJob"),
        (SAGEMAKER, THROTTLED, "Stopping", 0, "WaitForTransformJob"),
        (SAGEMAKER, THROTTLED, "InProgress", 120, "StopTransformJob"),
        (SAGEMAKER, THROTTLED, "Failed", 0, "TransformJobNotCompleted"),
        (SAGEMAKER, THROTTLED, "Stopped", 0, "TransformJobNotCompleted"),
        (IN_USE, "the name is taken", "InProgress", 0, "WaitForTransformJob"),
        (SAGEMAKER, DENIED, "Completed", 0, "Diagnose"),
        (SAGEMAKER, DENIED, "InProgress", 0, "StopTransformJob"),
        ("States.Timeout", "", "InProgress", 0, "StopTransformJob"),
        ("States.Timeout", "", "Stopping", 0, "Diagnose"),
        ("States.Timeout", "", "Stopped", 0, "Diagnose"),
        ("States.Timeout", "", "Completed", 0, "CountResults"),
    ],
)
def test_a_found_transform_job_is_awaited_or_stopped(
    error: str, cause: str, status: str, status_checks: int, expected: str
) -> None:
    choice = a_definition()["States"]["CheckFoundTransformJob"]
    known = {"failure": {"Error": error, "Cause": cause}, "transform_job": {"TransformJobStatus": status}}
    assert follows(choice, status_checks=status_checks, **known) == expected


NOT_ANSWERED = {"Error": "States.Timeout", "Cause": ""}
NO_FAILURE = {"Error": "", "Cause": ""}
LOST = {"Error": "SageMaker.SageMakerException", "Cause": "Could not find requested job with name: a"}
UNREADABLE = {"Error": "SageMaker.SageMakerException", "Cause": DENIED}
THROTTLED_CHECK = {"Error": "SageMaker.SageMakerException", "Cause": "Rate exceeded (Service: SageMaker)"}


def test_a_job_with_a_member_that_the_optimised_integration_may_not_know_is_created_by_the_sdk_and_followed() -> (
    None
):
    states = a_followed_definition()["States"]
    assert states["Transform"]["Resource"] == "arn:aws:states:::aws-sdk:sagemaker:createTransformJob"
    assert states["Transform"]["TimeoutSeconds"] == 60
    assert states["Transform"]["Next"] == "WaitForTransformJob"
    assigned = filled(states["Transform"]["Assign"]["failure"])
    assert assigned == NO_FAILURE
    assert states["Transform"]["Assign"]["status_checks"] == 0
    assert states["Transform"]["Catch"][0]["Assign"]["status_checks"] == 0
    assert "CheckTransformJobStatus" not in states


@pytest.mark.parametrize(
    ("failure", "status", "status_checks", "expected"),
    [
        (NO_FAILURE, "Completed", 0, "CountResults"),
        (NO_FAILURE, "InProgress", 119, "WaitForTransformJob"),
        (NO_FAILURE, "Stopping", 0, "WaitForTransformJob"),
        (NO_FAILURE, "InProgress", 120, "StopTransformJob"),
        (NO_FAILURE, "Failed", 0, "TransformJobNotCompleted"),
        (NO_FAILURE, "Stopped", 0, "TransformJobNotCompleted"),
        (NOT_ANSWERED, "InProgress", 0, "WaitForTransformJob"),
        (NOT_ANSWERED, "Completed", 0, "CountResults"),
        (NOT_ANSWERED, "Failed", 0, "TransformJobNotCompleted"),
    ],
)
def test_a_followed_transform_job_is_awaited_until_its_time_is_up(
    failure: dict[str, str], status: str, status_checks: int, expected: str
) -> None:
    choice = a_followed_definition()["States"]["CheckFoundTransformJob"]
    known = {"failure": failure, "transform_job": {"TransformJobStatus": status}}
    assert follows(choice, status_checks=status_checks, **known) == expected


@pytest.mark.parametrize(
    ("failure", "find_failure", "status_checks", "throttled_calls", "expected"),
    [
        (NO_FAILURE, THROTTLED_CHECK, 0, 0, "WaitForTransformJob"),
        (NO_FAILURE, THROTTLED_CHECK, 120, 0, "StopTransformJob"),
        (NO_FAILURE, UNREADABLE, 0, 0, "StopTransformJob"),
        (NO_FAILURE, LOST, 0, 0, "Diagnose"),
        (NOT_ANSWERED, LOST, 0, 0, "WaitAfterThrottling"),
        (NOT_ANSWERED, LOST, 0, MOST_THROTTLED, "Diagnose"),
        (NOT_ANSWERED, UNREADABLE, 0, 0, "StopTransformJob"),
    ],
)
def test_a_followed_transform_job_whose_status_cannot_be_read_is_not_left_running(
    failure: dict[str, str],
    find_failure: dict[str, str],
    status_checks: int,
    throttled_calls: int,
    expected: str,
) -> None:
    choice = a_followed_definition()["States"]["CheckTransformJobExists"]
    known = {"failure": failure, "find_failure": find_failure, "status_checks": status_checks}
    assert follows(choice, throttled_calls=throttled_calls, **known) == expected
    taken = [one for one in choice["Choices"] if one["Next"] == expected and "Assign" in one]
    if failure == NO_FAILURE and taken:
        assert filled(taken[0]["Assign"], find_failure=find_failure) == {"failure": find_failure}


@pytest.mark.parametrize(("bad_records", "jobs"), [(None, 3), (BadRecordsSpec(max_count=3), 3 + MOST_ROUNDS)])
def test_a_run_with_all_its_followed_jobs_has_fewer_events_than_an_execution_may_have(
    bad_records: BadRecordsSpec | None, jobs: int
) -> None:
    transform = TransformSpec(max_runtime_in_seconds=700_000)
    longest = dataclasses.replace(FOLLOWED, transform=transform, bad_records=bad_records)
    request = transform_job_request(longest, model_name="m", data="s3://in/a/", output_path="s3://out/a/")
    states = state_machine_definition(longest, request, PARTS)["States"]
    seconds = states["WaitForTransformJob"]["Seconds"]
    checks = jobs * 700_000 / seconds
    assert 9 * (checks + 1000) < 24_000


def test_status_checks_last_as_long_as_a_transform_job_may_run() -> None:
    for seconds in (1, 60, 7200, 86_400, 700_000):
        pause, checks = pause_and_checks(seconds)
        assert seconds <= pause * checks < seconds + pause
        assert checks <= 1000


def waited(states: dict[str, Any], time: str) -> Any:  # whatever the expression makes
    """How long a run waited that started at midnight of 22 November 2026 and is checked at this time, in seconds."""
    context = {"Execution": {"StartTime": "2026-11-22T00:00:00.500Z"}, "State": {"EnteredTime": time}}
    return evaluate(states["Preflight"]["Assign"]["waited_seconds"], states={"context": context})


@pytest.mark.parametrize(
    ("overlapping_runs", "time", "expected"),
    [
        ("wait", "2026-11-22T00:00:01.100Z", "WaitForOtherRun"),
        ("wait", "2026-11-22T23:59:59Z", "WaitForOtherRun"),
        ("wait", "2026-11-23T00:00:00.500Z", "OverlappingRun"),
        ("skip", "2026-11-22T00:00:01.100Z", "Skipped"),
        ("fail", "2026-11-22T00:00:01.100Z", "OverlappingRun"),
    ],
)
def test_what_a_run_does_while_another_is_in_progress(
    overlapping_runs: str, time: str, expected: str
) -> None:
    states = a_definition(overlapping_runs)["States"]
    seconds = waited(states, time) if overlapping_runs == "wait" else None
    lock = {"RunningExecutionArn": "", "WaitingExecutionArn": ""}
    assert follows(states["CheckRunLock"], lock=lock, waited_seconds=seconds) == "CheckRetry"
    lock["RunningExecutionArn"] = "arn:of:another"
    assert follows(states["CheckRunLock"], lock=lock, waited_seconds=seconds) == expected


@pytest.mark.parametrize("seconds", [3600, 700_000])
def test_a_run_that_waits_for_as_long_as_it_may_still_has_all_of_its_own_time(seconds: int) -> None:
    spec = dataclasses.replace(SPEC, transform=TransformSpec(max_runtime_in_seconds=seconds))
    definition = state_machine_definition(spec, REQUEST, PARTS)
    waits, check = definition["States"]["WaitForOtherRun"], definition["States"]["CheckRunLock"]
    held = {"RunningExecutionArn": "arn:of:another", "WaitingExecutionArn": ""}
    start = datetime.fromisoformat("2026-11-22T00:00:00.500+00:00")
    longest = max(seconds, 86_400)
    for after, expected in ((longest - 1, "WaitForOtherRun"), (longest, "OverlappingRun")):
        entered = (start + timedelta(seconds=after)).isoformat().replace("+00:00", "Z")
        seconds_waited = waited(definition["States"], entered)
        assert follows(check, lock=held, waited_seconds=seconds_waited) == expected
    one_more_check = waits["Seconds"] + LISTS_OBJECTS.state_timeout_seconds
    assert definition["TimeoutSeconds"] > longest + one_more_check + 3 * seconds


@pytest.mark.parametrize("running", ["", "arn:of:another"])
def test_a_run_is_skipped_and_names_the_run_that_waits_already(running: str) -> None:
    states = a_definition("wait")["States"]
    lock = {"RunningExecutionArn": running, "WaitingExecutionArn": "arn:of:a:third"}
    assert follows(states["CheckRunLock"], lock=lock, waited_seconds=0.5) == "Skipped"
    output = states["Skipped"]["Output"]
    assert evaluate(output["WaitingExecutionArn"], lock=lock) == "arn:of:a:third"
    assert evaluate(output["RunningExecutionArn"], lock=lock) == (running or None)


def test_a_skipped_run_understands_the_functions_of_an_earlier_deployment() -> None:
    output = a_definition("skip")["States"]["Skipped"]["Output"]
    lock = {"RunningExecutionArn": "arn:of:another"}
    assert evaluate(output["WaitingExecutionArn"], lock=lock) is None


def test_checks_of_the_lock_are_no_status_checks_of_the_transform_job() -> None:
    states = a_definition("wait")["States"]
    assert "status_checks" not in json.dumps([states["CheckRunLock"], states["WaitForOtherRun"]])


def test_runs_that_may_overlap_have_no_lock() -> None:
    text = json.dumps(a_definition("allow"))
    assert "$lock" not in text
    assert ".locks" not in text


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Completed", "CountResults"),
        ("Stopped", "TransformJobNotCompleted"),
        ("Failed", "TransformJobNotCompleted"),
    ],
)
def test_a_transform_job_with_another_status_is_a_failure(
    definition: Definition, status: str, expected: str
) -> None:
    ended = {"TransformJobName": "churn-1", "TransformJobStatus": status}
    assert follows(definition["States"]["CheckTransformJobStatus"], transform_job=ended) == expected
    error = definition["States"]["TransformJobNotCompleted"]["Assign"]["failure"]
    assert json.loads(evaluate(error["Cause"], transform_job=ended)) == ended


@pytest.mark.parametrize("job_file", ["jobs/churn.yaml", ""])
def test_every_cause_names_job_file_data_reason_and_next_step(job_file: str) -> None:
    states = a_definition("fail", job_file)["States"]
    variables = {
        "job_name": "churn",
        "job_file": job_file or False,
        "run_id": "20261122T020001-0a1b2c3d",
        "attempt": 1,
        "stop_result": False,
        "declared_request": REQUEST,
        "request": REQUEST,
        "lock": {"RunningExecutionArn": "arn:of:another"},
        "failure": {"Error": "States.TaskFailed", "Cause": '{"FailureReason": "the reason"}'},
        "states": {"errorOutput": {"Error": "RunInputError", "Cause": '{"errorMessage": "the reason"}'}},
    }
    causes = [
        states["Preflight"]["Catch"][0]["Assign"]["run_failure"]["Cause"],
        states["OverlappingRun"]["Assign"]["run_failure"]["Cause"],
        states["Diagnose"]["Catch"][0]["Assign"]["run_failure"]["Cause"],
    ]
    for template, reason in zip(causes, ("the reason", "arn:of:another", "the reason"), strict=True):
        cause = evaluate(template, **variables)
        assert cause.startswith(f"job churn{f' ({job_file})' if job_file else ''}: ")
        assert "s3://in/churn/" in cause
        assert reason in cause
        assert re.search(r"^next step: .*start the run again", cause, re.MULTILINE)


@pytest.mark.parametrize(
    ("changes", "could"),
    [
        ({}, True),
        ({"bad_records": BadRecordsSpec(max_count=1)}, False),
        ({"input": dataclasses.replace(SPEC.input, split_type="RecordIO")}, False),
    ],
    ids=["could", "does already", "cannot: its objects are not split"],
)
def test_the_diagnosis_knows_whether_the_job_could_leave_bad_records_out(
    changes: dict[str, Any], could: bool
) -> None:
    spec = dataclasses.replace(SPEC, **changes)
    request = transform_job_request(spec, model_name="churn", data="s3://in/", output_path="s3://out/")
    diagnose = state_machine_definition(spec, request, PARTS)["States"]["Diagnose"]
    assert diagnose["Arguments"]["Payload"]["could_leave_out_records"] is could


def test_without_details_no_cause_quotes_what_the_transform_job_said() -> None:
    spec = dataclasses.replace(SPEC, notify=NotifySpec(details=False))
    diagnose = state_machine_definition(spec, REQUEST, PARTS)["States"]["Diagnose"]
    assert diagnose["Arguments"]["Payload"]["details"] is False
    cause = evaluate(
        diagnose["Catch"][0]["Assign"]["run_failure"]["Cause"],
        job_name="churn",
        job_file="jobs/churn.yaml",
        run_id="20261122T020001-0a1b2c3d",
        attempt=1,
        stop_result=False,
        request=REQUEST,
        failure={"Error": "States.TaskFailed", "Cause": '{"FailureReason": "ClientError: patient 4711"}'},
    )
    assert "4711" not in cause
    assert "churn-20261122T020001-0a1b2c3d-1 on s3://in/churn/: States.TaskFailed" in cause


@pytest.mark.parametrize(
    ("error", "details", "is_quoted"),
    [
        ("BadRecordsError", False, True),  # it names objects, lines and numbers only
        ("UnparsableError", False, False),
        ("UnparsableError", True, True),
    ],
)
def test_without_details_an_error_about_bad_records_is_quoted_only_if_it_never_has_data(
    error: str, details: bool, is_quoted: bool
) -> None:
    spec = dataclasses.replace(
        SPEC, notify=NotifySpec(details=details), bad_records=BadRecordsSpec(max_count=1)
    )
    states = state_machine_definition(spec, REQUEST, dataclasses.replace(PARTS, bad_records_arn="arn:bad"))[
        "States"
    ]
    thrown = {"Error": error, "Cause": json.dumps({"errorMessage": "patient 4711", "errorType": error})}
    plan = states["PlanSections"]["Catch"][0]["Assign"]["stop_result"]
    collect = states["CollectSections"]["Catch"][0]["Assign"]["failure"]["Cause"]
    for template in (plan, collect):
        said = evaluate(template, states={"errorOutput": thrown})
        assert ("patient 4711" in said) is is_quoted
        assert is_quoted or error in said


def test_no_cause_is_longer_than_a_fail_state_takes() -> None:
    states = a_definition("fail", f"jobs/{'d' * 4000}.yaml")["States"]
    cut_off = "{" + "x" * 32_767
    error = {"Error": "States.TaskFailed", "Cause": cut_off}
    refused = states["StopTransformJob"]["Catch"][0]["Assign"]["stop_result"]
    known = {
        "job_name": "n" * 32,
        "job_file": f"jobs/{'d' * 4000}.yaml",
        "run_id": "20261122T020001-0a1b2c3d",
        "attempt": 1,
        "declared_request": REQUEST,
        "request": REQUEST,
        "failure": error,
        "states": {"errorOutput": error},
    }
    known["stop_result"] = evaluate(refused, **known)
    for failure in (
        states["Preflight"]["Catch"][0]["Assign"]["run_failure"],
        states["Diagnose"]["Catch"][0]["Assign"]["run_failure"],
    ):
        cause = evaluate(failure["Cause"], **known)
        assert 20_000 < len(cause) <= 32_768
        assert re.search(r"start (the run )?again$", cause)


ODD = ["{% $states %}", "{% half", "half %}", '{% "\\ü\n', "", "{%", "%}", "{%%}", "{{% x %}}", "a {% b %} c"]


@pytest.mark.parametrize("text", ODD)
def test_texts_of_the_job_file_are_passed_on_and_not_evaluated(text: str, tmp_path: Path) -> None:
    columns = InputSpec(content_type="text/csv", columns=(text,))
    spec = dataclasses.replace(SPEC, input=columns, transform=TransformSpec(env={"TEXT": text}))
    request = REQUEST | {"Environment": {"TEXT": text}, "Tags": [{"Key": "k", "Value": text}]}
    definition = state_machine_definition(spec, request, PARTS)
    assert findings(definition, tmp_path) == []
    states = definition["States"]
    declared = states["PrepareRun"]["Assign"]["declared_request"]
    [column] = states["Preflight"]["Arguments"]["Payload"]["columns"]["input"]
    for handed_on in (declared["Environment"]["TEXT"], declared["Tags"][0]["Value"], column):
        is_expression = handed_on.startswith("{%") and handed_on.endswith("%}")
        assert is_expression == (handed_on.startswith("{%") or handed_on.endswith("%}")) == (text in ODD[:8])
        assert (evaluate(handed_on) if is_expression else handed_on) == text


def test_a_cause_that_was_cut_off_is_quoted_unchanged(definition: Definition) -> None:
    failure = definition["States"]["Diagnose"]["Catch"][0]["Assign"]["run_failure"]
    error = {"Error": "States.TaskFailed", "Cause": '{"TransformJobName": "churn-1", "FailureRea'}
    known = {
        "job_name": "churn",
        "job_file": False,
        "run_id": "r",
        "attempt": 2,
        "stop_result": "it was stopped",
    }
    cause = evaluate(failure["Cause"], failure=error, request=REQUEST, **known)
    assert cause.startswith(
        f"job churn: transform job churn-r-2 on s3://in/churn/: {error['Cause']}\nit was stopped"
    )


def test_an_error_without_a_cause_gets_an_empty_one(definition: Definition) -> None:
    caught = definition["States"]["Transform"]["Catch"][0]["Assign"]["failure"]
    states = {"errorOutput": {"Error": "States.Timeout"}}
    assert {name: evaluate(text, states=states) for name, text in caught.items()} == {
        "Error": "States.Timeout",
        "Cause": "",
    }


def test_the_offline_checks_find_nothing(each_definition: Definition, tmp_path: Path) -> None:
    assert findings(each_definition, tmp_path) == []


def test_the_offline_checks_find_a_broken_definition(tmp_path: Path) -> None:
    broken = a_definition()
    broken["States"]["Failed"]["Next"] = "Nowhere"
    assert any("Nowhere" in line for line in findings(broken, tmp_path))


@pytest.mark.parametrize(
    ("reconciled", "calls", "expected"),
    [
        ({"done": True, "error": ""}, 1, "ReleaseLock"),
        ({"done": False, "error": ""}, 1, "Reconcile"),
        ({"done": False, "error": ""}, MOST_COUNTING_CALLS, "ReleaseLock"),
        ({"done": True, "error": "ReconciliationError"}, 1, "Diagnose"),
    ],
)
def test_records_are_counted_until_all_are_and_a_mismatch_fails_the_run(
    reconciled: dict[str, Any], calls: int, expected: str
) -> None:
    choice = a_definition()["States"]["CheckReconciliation"]
    assert follows(choice, reconciled=reconciled, reconcile_calls=calls) == expected


def test_counting_records_has_its_time() -> None:
    counting = dataclasses.replace(SPEC, reconcile="records")
    assert longest_run_seconds(counting) - longest_run_seconds(SPEC) >= 900 * (MOST_COUNTING_CALLS - 1)


def test_only_a_run_with_an_attempt_says_how_many_it_had() -> None:
    attempts = a_definition()["States"]["WriteRecordAfterFailure"]["Arguments"]["Payload"]["tried"][
        "attempts"
    ]
    assert evaluate(attempts, failure=False, attempt=1) == 0
    assert evaluate(attempts, failure={"Error": "States.TaskFailed"}, attempt=3) == 3


@pytest.mark.parametrize(
    ("run_input", "expected"), [({}, "ListInputs"), ({"retry_of": "20261122T020001-0a1b2c3d"}, "PlanRetry")]
)
def test_a_retry_is_planned_in_place_of_a_list_of_its_input(
    definition: Definition, run_input: dict[str, str], expected: str
) -> None:
    states = {"context": {"Execution": {"Input": run_input}}}
    retry_of = evaluate(definition["States"]["PrepareRun"]["Assign"]["retry_of"], states=states)
    assert follows(definition["States"]["CheckRetry"], retry_of=retry_of) == expected


def test_a_retry_that_cannot_be_planned_fails_with_the_reason_and_scores_nothing(
    each_definition: Definition,
) -> None:
    [catch] = each_definition["States"]["PlanRetry"]["Catch"]
    assert catch["ErrorEquals"] == ["States.ALL"]
    failure = catch["Assign"]["run_failure"]
    cause = evaluate(
        failure["Cause"],
        job_name="churn",
        job_file=False,
        retry_of="20261122T020001-0a1b2c3d",
        states={
            "errorOutput": {"Error": "RetryError", "Cause": '{"errorMessage": "there is nothing to retry"}'}
        },
    )
    assert cause == (
        "job churn: the retry of the run 20261122T020001-0a1b2c3d could not begin: there is nothing to retry\n"
        "no transform job was created"
    )
