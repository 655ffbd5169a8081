"""The PyTorch container's contract, over HTTP."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from batch_transform.job.errors import TransformJobError
from local.framework.served import Answer, Model, OurServer, Request, ours

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None,
    reason="needs PyTorch (190 MB and more): python tools/dependencies.py install --group frameworks",
)
TAG = "2.6.0-cpu-py312"
CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}

EVALUATES = """
def model_fn(model_dir):
    with open("word.txt") as file:  # TorchServe's worker runs in the model's folder
        return file.read()
def input_fn(data, content_type):
    return f"{type(data).__name__} {content_type}"
def predict_fn(data, model, context):
    return data, model, context.get_request_header(0, "X-Mine"), context.system_properties["model_dir"]
def output_fn(prediction, accept):
    data, model, header, model_dir = prediction
    return f"{data} {model} {header} {accept}"
"""


def of(folder: Path, code: str, **environment: str) -> Model:
    """Write a model in which the container finds inference.py by itself."""
    model = Model.of(folder, code)
    (model.folder / "word.txt").write_text("word")
    return Model(model.folder, environment)


@pytest.fixture(scope="module")
def evaluating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OurServer]:
    model = of(
        tmp_path_factory.mktemp("evaluating"), EVALUATES, SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="text/csv"
    )
    with ours(model, "pytorch", TAG) as server:
        yield server


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("text/csv", "str"),
        ("application/json", "str"),
        ("text/csv; charset=utf-8", "bytearray"),
        ("a/b", "bytearray"),
    ],
)
def test_exactly_two_types_are_passed_as_str(evaluating: OurServer, content_type: str, kind: str) -> None:
    answer = evaluating.answer(Request(b"1", {"Content-Type": content_type, "X-Mine": "5"}))
    assert answer == Answer(200, "text/csv", f"{kind} {content_type} word 5 text/csv".encode())


def test_the_type_of_an_answer_is_exactly_the_accepted_one(evaluating: OurServer) -> None:
    answer = evaluating.answer(Request(b"1", {"Content-Type": "text/csv", "Accept": "a/b, text/csv"}))
    assert answer.content_type == "a/b, text/csv"


def test_fails_with_413_above_torchserves_limit(evaluating: OurServer, tmp_path: Path) -> None:
    assert evaluating.answer(Request(b"x" * 6_553_500, CSV)).status == 200
    assert evaluating.answer(Request(b"x" * 6_553_501, CSV)) == Answer(413, None, b"")
    with ours(of(tmp_path, EVALUATES, TS_MAX_REQUEST_SIZE="7000000"), "pytorch", TAG) as server:
        assert server.answer(Request(b"x" * 6_553_501, CSV)).status == 200


TRANSFORMS = """
import time
def model_fn(model_dir):
    return None
def transform_fn(model, data, content_type, accept):
    return eval(data)
"""


@pytest.fixture(scope="module")
def returning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OurServer]:
    model = of(tmp_path_factory.mktemp("returning"), TRANSFORMS, TS_DEFAULT_RESPONSE_TIMEOUT="2")
    with ours(model, "pytorch", TAG) as server:
        yield server


WORKER_DIED = {"code": 500, "type": "InternalServerException", "message": "Worker died."}


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ("'x'", Answer(200, "text/csv", b"x")),
        ("'x', 'a/b'", Answer(200, "a/b", b"x")),
        ("{'a': [1]}", Answer(200, "text/csv", b'{\n  "a": [\n    1\n  ]\n}')),
    ],
)
def test_a_result_is_sent_as_torchserve_sends_it(returning: OurServer, result: str, answer: Answer) -> None:
    assert returning.answer(Request(result.encode(), CSV)) == answer


def test_fails_with_the_error_and_its_traceback(returning: OurServer) -> None:
    answer = returning.answer(Request(b"1 / 0", CSV))
    assert (answer.status, answer.content_type) == (500, None)
    assert answer.body.startswith(b"division by zero\nTraceback (most recent call last):")


def test_fails_when_the_worker_takes_too_long_or_answers_too_much(returning: OurServer) -> None:
    for result in (b"time.sleep(30)", b"'x' * 6_553_501"):
        answer = returning.answer(Request(result, CSV))
        assert (answer.status, json.loads(answer.body)) == (500, WORKER_DIED)
    assert returning.answer(Request(b"'x'", CSV)).status == 200
    assert "Set TS_DEFAULT_RESPONSE_TIMEOUT in the model's environment" in returning.printed


def test_fails_at_the_start_when_transform_fn_is_defined_with_a_function_it_replaces(tmp_path: Path) -> None:
    code = TRANSFORMS + "def predict_fn(data, model): return data\n"
    with pytest.raises(TransformJobError) as failed, ours(of(tmp_path, code), "pytorch", TAG):
        pass
    assert "Cannot use transform_fn implementation" in "\n".join(failed.value.log_lines)


def test_the_log_level_of_the_other_containers_is_ignored(tmp_path: Path) -> None:
    with ours(of(tmp_path, TRANSFORMS, SAGEMAKER_CONTAINER_LOG_LEVEL="INFO"), "pytorch", TAG) as server:
        assert server.answer(Request(path="/ping", method="GET")).status == HTTPStatus.OK


@needs_torch
def test_missing_functions_have_pytorchs_defaults(tmp_path: Path) -> None:
    code = """
import torch
class Doubler(torch.nn.Module):
    def forward(self, rows):
        return rows * 2
def model_fn(model_dir):
    return Doubler()
"""
    with ours(of(tmp_path, code), "pytorch", TAG) as server:
        as_json = {"Content-Type": "application/json", "Accept": "application/json"}
        assert server.answer(Request(b"[[1, 2]]", as_json)) == Answer(
            200, "application/json", b"[[2.0, 4.0]]"
        )
        assert server.answer(Request(b"1,2\n3,4\n", CSV)).body == b"2.0,4.0\n6.0,8.0\n"
        refused = server.answer(Request(b"1", {"Content-Type": "text/xml"}))
        assert (refused.status, refused.body.partition(b".")[0]) == (
            500,
            b"Content type text/xml is not supported by this framework",
        )
