"""`workflow.max_cost` in the state machine, whose expressions the reference JSONata engine evaluates."""

from __future__ import annotations

import dataclasses
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonata
import pytest

from batch_transform.job.request.request import transform_job_request
from batch_transform.job.values.bad_records_spec import BadRecordsSpec
from batch_transform.job.values.job_spec import JobSpec, ModelSpec, TransformSpec, WorkflowSpec
from batch_transform_cdk.machine.definition import Definition, Parts, state_machine_definition
from checks.state_machine import findings

SPEC = JobSpec(
    name="churn",
    model=ModelSpec(existing="churn"),
    transform=TransformSpec(instance_type=("ml.m5.large", "ml.m5.xlarge"), max_runtime_in_seconds=7200),
    workflow=WorkflowSpec(overlapping_runs="allow", max_cost=4),
)
REQUEST = transform_job_request(
    SPEC, model_name="churn", data="s3://in/churn/", output_path="s3://out/churn/"
)
PARTS = Parts(
    "arn:aws:lambda:eu-west-1:123456789012:function:preflight",
    "arn:aws:lambda:::report",
    "arn:aws:lambda:::record",
    lock=None,
)
PRICES = [{"AmountPerHour": 3.6, "Currency": "USD"}, {"AmountPerHour": 36, "Currency": "USD"}]
STARTED = 1_795_312_801_000


def defined(spec: JobSpec = SPEC) -> Definition:
    return state_machine_definition(spec, REQUEST, PARTS)


@pytest.fixture(scope="module")
def states() -> dict[str, Any]:
    return dict(defined()["States"])


def evaluate(template: str, **variables: Any) -> Any:
    known: dict[str, Any] = {
        "prices": PRICES,
        "instance_type_index": 0,
        "spent": 0,
        "time_limit": 1000,
        "request": {"TransformResources": {"InstanceCount": 2}},
    }
    expression = jsonata.Jsonata(template.removeprefix("{%").removesuffix("%}").strip())
    expression.register_lambda("parse", json.loads)
    return expression.evaluate(None, known | variables)


def a_job(seconds: float | None, *, as_text: bool = False) -> dict[str, Any]:
    job: dict[str, Any] = {"TransformJobName": "churn-1", "TransformJobStatus": "Failed", "CreationTime": 1}
    if seconds is not None:
        moments = {"TransformStartTime": STARTED, "TransformEndTime": STARTED + int(seconds * 1000)}
        job |= {name: text_of(at) if as_text else at for name, at in moments.items()}
    return job


def text_of(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def spent_after_failure(states: dict[str, Any], cause: str | None, **variables: Any) -> Any:
    [caught] = states["Transform"]["Catch"]
    error = {"Error": "States.TaskFailed"} | ({} if cause is None else {"Cause": cause})
    return evaluate(caught["Assign"]["spent"], states={"errorOutput": error}, **variables)


def test_a_job_without_max_cost_has_the_states_that_it_always_had() -> None:
    plain = defined(dataclasses.replace(SPEC, workflow=WorkflowSpec(overlapping_runs="allow")))["States"]
    assert "CheckMaxCost" not in plain
    assert plain["Transform"]["TimeoutSeconds"] == 7200
    assert set(defined()["States"]) - set(plain) == {"CheckMaxCost", "MaxCostReached"}


def test_every_attempt_is_checked_first(states: dict[str, Any]) -> None:
    def follows(state: dict[str, Any]) -> set[str]:
        rules = [*state.get("Choices", []), *state.get("Catch", [])]
        return {state.get("Next"), state.get("Default"), *(rule["Next"] for rule in rules)}

    assert [name for name, state in states.items() if "Transform" in follows(state)] == ["CheckMaxCost"]
    before = {name for name, state in states.items() if "CheckMaxCost" in follows(state)}
    assert before == {"ListInputs", "PlanRetry", "NextInstanceType", "WaitForCapacity", "NextAttempt"}


def test_the_rounds_that_find_bad_records_are_bounded_too() -> None:
    parts = dataclasses.replace(PARTS, bad_records_arn="arn:aws:lambda:::bad_records")
    spec = dataclasses.replace(SPEC, bad_records=BadRecordsSpec(max_count=10))
    states = state_machine_definition(spec, REQUEST, parts)["States"]
    after_sections = [rule["Next"] for rule in states["CheckSections"]["Choices"]]
    assert "CheckMaxCost" in after_sections
    assert "Transform" not in after_sections
    counted = [rule for rule in states["CheckFoundTransformJob"]["Choices"] if rule["Next"] == "CheckRound"]
    assert all("spent" in rule["Assign"] for rule in counted)
    assert counted


def test_amazons_validator_finds_nothing(tmp_path: Path) -> None:
    assert findings(defined(), tmp_path) == []


@pytest.mark.parametrize(
    ("spent", "index", "limit"),
    [(0, 0, 2000), (1, 0, 1500), (3.4, 0, 300), (3.41, 0, None), (0, 1, None), (5, 0, None)],
)
def test_an_attempt_may_take_what_the_rest_of_the_money_pays_for(
    states: dict[str, Any], spent: float, index: int, limit: int | None
) -> None:
    [rule] = states["CheckMaxCost"]["Choices"]
    known = {"spent": spent, "instance_type_index": index}
    assert evaluate(rule["Condition"], **known) is (limit is not None)
    if limit is not None:
        assert evaluate(rule["Assign"]["time_limit"], **known) == limit
    assert states["Transform"]["TimeoutSeconds"] == "{% $time_limit %}"


def test_a_cheap_job_keeps_its_own_time_limit() -> None:
    states = defined(
        dataclasses.replace(SPEC, workflow=WorkflowSpec(overlapping_runs="allow", max_cost=1000))
    )["States"]
    [rule] = states["CheckMaxCost"]["Choices"]
    assert evaluate(rule["Assign"]["time_limit"]) == 7200
    is_bound = states["Diagnose"]["Arguments"]["Payload"]["max_cost"]["is_bound"]
    assert evaluate(is_bound, time_limit=7200) is False
    assert evaluate(is_bound, time_limit=7199) is True


@pytest.mark.parametrize("as_text", [False, True])
def test_a_failed_attempt_costs_its_billed_time_on_all_instances(
    states: dict[str, Any], as_text: bool
) -> None:
    cause = json.dumps(a_job(100, as_text=as_text))
    assert spent_after_failure(states, cause) == pytest.approx(0.2)
    assert spent_after_failure(states, cause, instance_type_index=1, spent=1) == pytest.approx(3)


@pytest.mark.parametrize("cause", [json.dumps(a_job(None)), "Rate exceeded", "", None, '{"cut off', "{}"])
def test_an_attempt_that_never_started_costs_nothing(states: dict[str, Any], cause: str | None) -> None:
    assert spent_after_failure(states, cause, spent=1.5) == 1.5


def test_a_transform_job_that_was_completed_costs_its_time_too(states: dict[str, Any]) -> None:
    expression = states["Transform"]["Assign"]["spent"]
    assert evaluate(expression, states={"result": a_job(50)}) == pytest.approx(0.1)


def test_a_lost_transform_job_is_counted_once_it_is_found_ended(states: dict[str, Any]) -> None:
    counted = {
        rule["Next"]: rule["Assign"]["spent"]
        for rule in states["CheckFoundTransformJob"]["Choices"]
        if "spent" in rule.get("Assign", {})
    }
    assert set(counted) == {"CountResults", "TransformJobNotCompleted"}
    for expression in counted.values():
        assert evaluate(expression, transform_job=a_job(50, as_text=True)) == pytest.approx(0.1)


def test_a_lost_transform_job_is_watched_only_while_there_is_money(states: dict[str, Any]) -> None:
    [condition] = [
        rule["Condition"]
        for rule in states["CheckFoundTransformJob"]["Choices"]
        if rule["Next"] == "WaitForTransformJob"
    ]
    now = int(time.time() * 1000)
    known = {"failure": {"Error": "x", "Cause": "Rate exceeded"}, "status_checks": 0}
    for age, is_watched in ((0, True), (2000, False)):
        job = {"TransformJobStatus": "InProgress", "CreationTime": text_of(now - age * 1000)}
        assert evaluate(condition, transform_job=job, **known) is is_watched


def test_the_cause_says_what_the_earlier_attempts_cost(states: dict[str, Any]) -> None:
    failure = states["MaxCostReached"]["Assign"]["failure"]
    assert failure["Error"] == "MaxCostError"
    assert evaluate(failure["Cause"], spent=3.456) == (
        "the earlier transform jobs of the run cost USD 3.46 of workflow.max_cost (USD 4), and the rest pays for less "
        "than 300 seconds of another one: it was not created"
    )
