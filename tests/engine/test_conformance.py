"""The engine passes the parity cases, without an API and without a server.

`tests/cli/test_parity.py` runs all cases through the local AWS. Here are those that need only the engine, on
objects in memory, so that a change of the engine shows at once which of them it breaks.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from importlib.machinery import SourceFileLoader
from typing import Any

import pytest

from batch_transform.engine import invoke
from batch_transform.engine.interfaces import Answer
from batch_transform.job.errors import NoModelAnswerError
from batch_transform.parity.case import CASES, Case, load_cases
from batch_transform.parity.endpoint import Clients, Endpoint
from batch_transform.parity.outcome import run_case
from engine.fake_world import BUCKET, Ran, run_job

CONTAINER = CASES.parent / "container" / "serve"
BY_ID = {case.id: case for case in load_cases()}
OF_THE_CONTAINER = ("exit", "request", "variables")
"""What a model does that needs its own process, or headers."""
OF_THE_ENGINE = [
    case
    for case in BY_ID.values()
    if not case.is_unknown
    and case.expected.refused is None
    and not case.expected.described
    and case.model.get("do") not in OF_THE_CONTAINER
]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoke, "_FIRST_PAUSE", 0.0)


class EngineAlone:
    """As much of SageMaker, S3 and CloudWatch Logs as a case needs, around the engine."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self._model = model
        self._objects: dict[str, bytes] = {}
        self.ran: Ran

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803  # AWS's names
        assert Bucket == BUCKET
        self._objects[Key] = Body

    def create_transform_job(self, **request: Any) -> None:
        self.ran = run_job(
            self._objects,
            replies(self._model),
            request,
            execution_parameters=self._model.get("execution_parameters"),
        )

    def describe_transform_job(self, TransformJobName: str) -> dict[str, Any]:  # noqa: N803  # AWS's names
        outcome = self.ran.outcome
        return {
            "TransformJobName": TransformJobName,
            "TransformJobStatus": outcome.status,
            "FailureReason": outcome.failure_reason,
        }

    def get_paginator(self, _: str) -> EngineAlone:
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803  # AWS's names
        found = self.ran.store.list_objects(Bucket, Prefix)
        return [{"Contents": [{"Key": each.key} for each in found]}]

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803  # AWS's names
        return {"Body": self.ran.store.open(Bucket, Key)}

    def describe_log_streams(self, *, logStreamNamePrefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803  # AWS's names
        return {"logStreams": [{"logStreamName": f"{logStreamNamePrefix}host/data-log"}]}

    def get_log_events(self, **_: Any) -> dict[str, Any]:
        return {"events": [{"message": line} for line in self.ran.log]}


def replies(model: Mapping[str, Any]) -> Callable[[bytes], Answer]:
    """The container's program without its server, started for each job."""
    loader = SourceFileLoader("serve", str(CONTAINER))
    spec = importlib.util.spec_from_loader("serve", loader)
    assert spec
    program: Any = importlib.util.module_from_spec(spec)
    loader.exec_module(program)
    program.MODEL = model

    def reply(body: bytes) -> Answer:
        answered = program.answer(body, {})
        if answered is None:
            raise NoModelAnswerError("it closed the connection")
        return Answer(*answered)

    return reply


def ran(case: Case) -> tuple[EngineAlone, tuple[str, ...]]:
    """Run the case's job; return what differs from AWS."""
    world = EngineAlone(case.model)
    endpoint = Endpoint(Clients(world, world, world, world), BUCKET, "model", "run", log_wait=0.0)
    return world, run_case(endpoint, case).differences


@pytest.mark.parametrize("case", OF_THE_ENGINE, ids=lambda case: case.id)
def test_the_engine_does_what_aws_does(case: Case) -> None:
    _, differences = ran(case)
    assert differences == ()


def test_most_known_cases_need_only_the_engine() -> None:
    assert len(OF_THE_ENGINE) >= 55


WITH_LINES = [
    case
    for case in OF_THE_ENGINE
    if case.model.get("do") == "answer"
    and case.expected.status == "Completed"
    and case.model["body"].count("\n") == sum(body.count(b"\n") for body in case.inputs.values()) > 1
]


@pytest.mark.parametrize("case", WITH_LINES, ids=lambda case: case.id)
def test_a_known_result_comes_out_the_same_one_record_at_a_time(case: Case) -> None:
    model = {"do": "answers", "bodies": case.model["body"].splitlines(keepends=True)}
    one_by_one = {**case.settings, "BatchStrategy": "SingleRecord"}
    world, differences = ran(Case(**{**vars(case), "settings": one_by_one, "model": model}))
    assert differences == ()
    assert len(world.ran.model.bodies) == len(model["bodies"])


def test_a_recorded_model_got_the_same_rows_with_a_filter_as_without_ids() -> None:
    joined, _ = ran(BY_ID["csv-ids-of-40-customers"])
    plain, _ = ran(BY_ID["csv-predictions-of-40-customers"])
    (without_ids,) = BY_ID["csv-predictions-of-40-customers"].inputs.values()
    assert joined.ran.model.bodies == plain.ran.model.bodies == [without_ids]
    assert json.loads("[" + without_ids.decode().splitlines()[0] + "]")[0] == 1
