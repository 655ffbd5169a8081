"""The scikit-learn container's contract, over HTTP."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from batch_transform.job.errors import TransformJobError
from local.framework.served import Answer, Model, OurServer, Request, ours

TAG = "1.2-1-cpu-py3"
CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}

DOUBLER = """
class Doubler:
    def predict(self, rows):
        if rows.ndim != 2:
            raise ValueError("Expected 2D array, got 1D array instead")
        return rows * 2

def model_fn(model_dir):
    return Doubler()
"""
ECHO = """
def model_fn(model_dir):
    return None
def input_fn(data, content_type):
    return f"{type(data).__name__} {content_type}"
def predict_fn(data, model):
    return data
def output_fn(prediction, accept):
    return f"{prediction} {accept}", "text/plain"
"""


@pytest.fixture(scope="module")
def doubler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OurServer]:
    with ours(Model.of(tmp_path_factory.mktemp("doubler"), DOUBLER), "sklearn", TAG) as server:
        yield server


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OurServer]:
    model = Model.of(
        tmp_path_factory.mktemp("echo"),
        ECHO,
        "serving.py",
        SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="text/x-mine",
    )
    with ours(model, "sklearn", TAG) as server:
        yield server


def npy(*rows: list[float]) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(rows))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content_type", "accept", "body", "answer"),
    [
        (
            "text/csv",
            "text/csv",
            b"1,2\n3,4\n",
            Answer(200, "text/csv; charset=utf-8", b"2.0,4.0\n6.0,8.0\n"),
        ),
        (
            "text/csv",
            "text/csv",
            b'"1",2\n3,4\n',
            Answer(200, "text/csv; charset=utf-8", b"2.0,4.0\n6.0,8.0\n"),
        ),
        ("text/csv", None, b"1,2\n3,4\n", Answer(200, "application/json", b"[[2.0, 4.0], [6.0, 8.0]]")),
        ("text/csv", "*/*", b"1,2\n3,4\n", Answer(200, "application/json", b"[[2.0, 4.0], [6.0, 8.0]]")),
        (None, "application/json", b"[[1, 2]]", Answer(200, "application/json", b"[[2.0, 4.0]]")),
        (
            "application/x-npy",
            "application/x-npy",
            npy([1, 2]),
            Answer(200, "application/x-npy", npy([2, 4])),
        ),
    ],
)
def test_missing_functions_have_the_containers_defaults(
    doubler: OurServer, content_type: str | None, accept: str | None, body: bytes, answer: Answer
) -> None:
    headers = {"Content-Type": content_type, "Accept": accept}
    request = Request(body, {name: value for name, value in headers.items() if value is not None})
    assert doubler.answer(request) == answer


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b"1,2", CSV, "ValueError: Expected 2D array, got 1D array instead"),
        (b"a,2\n3,4\n", CSV, "ValueError: could not convert string to float"),
        (b"1,\n3,4\n", CSV, "ValueError: could not convert string to float"),
        (b"#1,2\n3,4\n", CSV, "ValueError: could not convert string to float"),
        (
            b"1,2\n3,4\n",
            {"Content-Type": "text/csv; charset=utf-8"},
            "Content type text/csv; charset=utf-8 is not",
        ),
        (
            b"1,2\n3,4\n",
            {"Content-Type": "text/csv", "Accept": "text/xml"},
            "\nsagemaker_containers._errors.UnsupportedFormatError: Content type text/xml is not supported",
        ),
    ],
)
def test_fails_with_500_and_the_reason_in_the_log(
    doubler: OurServer, body: bytes, headers: dict[str, str], reason: str
) -> None:
    """Even in cases where sagemaker-containers by itself would answer 415 or 406."""
    before = len(doubler.printed)
    answer = doubler.answer(Request(body, headers))
    assert (answer.status, answer.content_type) == (500, "text/html; charset=utf-8")
    assert b"<title>500 Internal Server Error</title>" in answer.body
    assert reason in doubler.printed[before:]


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("text/csv", "str"),
        ("application/json", "str"),
        ("text/csv; charset=utf-8", "bytes"),
        ("application/jsonlines", "bytes"),
        ("TEXT/CSV", "bytes"),
    ],
)
def test_exactly_two_types_are_passed_as_str_and_all_others_as_bytes(
    echo: OurServer, content_type: str, kind: str
) -> None:
    answer = echo.answer(Request(b"1,2", {"Content-Type": content_type}))
    assert answer == Answer(200, "text/plain; charset=utf-8", f"{kind} {content_type} text/x-mine".encode())


def test_a_request_with_accept_does_not_get_the_default(echo: OurServer) -> None:
    answer = echo.answer(Request(b"1,2", {"Content-Type": "text/csv", "Accept": "a/b, c/d"}))
    assert answer.body == b"str text/csv a/b, c/d"


def test_other_paths_are_not_found(doubler: OurServer) -> None:
    def status(path: str) -> int:
        return doubler.answer(Request(path=path, method="GET")).status

    paths = ("/ping", "/execution-parameters", "/invocations", "/")
    assert [status(path) for path in paths] == [200, 404, 405, 404]


RETURNS = """
import flask
from sagemaker_containers.beta.framework import worker

def model_fn(model_dir):
    return None
def transform_fn(model, data, content_type, accept):
    return eval(data)
"""


@pytest.fixture(scope="module")
def returning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OurServer]:
    with ours(Model.of(tmp_path_factory.mktemp("returning"), RETURNS), "sklearn", TAG) as server:
        yield server


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ("'x', 'text/csv'", Answer(200, "text/csv; charset=utf-8", b"x")),
        ("b'x', 'image/png'", Answer(200, "image/png", b"x")),
        ("'x', 'text/csv; charset=latin-1'", Answer(200, "text/csv; charset=latin-1; charset=utf-8", b"x")),
        ("'x'", Answer(200, "text/html; charset=utf-8", b"x")),
        ("b'x'", Answer(200, "text/html; charset=utf-8", b"x")),
        ("worker.Response('x')", Answer(200, "application/json", b"x")),
        ("worker.Response('x', accept, status=422)", Answer(422, "application/json", b"x")),
        ("worker.Response('x', mimetype='text/csv')", Answer(200, "text/csv; charset=utf-8", b"x")),
        ("flask.Response('x', 204)", Answer(204, "text/html; charset=utf-8", b"")),
        ("{'a': 1}", Answer(200, "application/json", b'{"a":1}\n')),
    ],
)
def test_a_result_may_be_anything_that_flask_accepts(
    returning: OurServer, result: str, answer: Answer
) -> None:
    assert returning.answer(Request(result.encode(), CSV)) == answer


def test_fails_when_the_result_is_none(returning: OurServer) -> None:
    assert returning.answer(Request(b"None", CSV)).status == 500
    assert returning.answer(Request(b"[1]", CSV)).status == 500


def test_fails_with_504_when_the_answer_takes_longer_than_the_containers_own_server_waits(
    tmp_path: Path,
) -> None:
    code = """
import time
def model_fn(model_dir):
    return None
def transform_fn(model, data, content_type, accept):
    time.sleep(float(data))
    return data, accept
"""
    model = Model.of(tmp_path, code, SAGEMAKER_MODEL_SERVER_TIMEOUT="1")
    with ours(model, "sklearn", TAG) as server:
        answer = server.answer(Request(b"30", CSV))
        assert (answer.status, answer.content_type) == (504, "text/html")
        assert b"504 Gateway Time-out" in answer.body
        assert server.answer(Request(b"0", CSV)).body == b"0", "the next request is served"
        assert "Set SAGEMAKER_MODEL_SERVER_TIMEOUT in the model's environment" in server.printed


def refusal(model: Model, tag: str = TAG) -> str:
    with pytest.raises(TransformJobError) as failed, ours(model, "sklearn", tag):
        pass
    assert str(failed.value).startswith("AlgorithmError: Model container failed to respond to ping.")
    return "\n".join(failed.value.log_lines)


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (
            {"SAGEMAKER_PROGRAM": None},
            "the scikit-learn container imports a module called None",
        ),
        (
            {"SAGEMAKER_SUBMIT_DIRECTORY": None},
            "SUBMIT_DIRECTORY is not set, so the container has no code",
        ),
        (
            {"SAGEMAKER_PROGRAM": "train.py"},
            "SAGEMAKER_PROGRAM is train.py, and the code folder has inference.py",
        ),
        (
            {"SAGEMAKER_PROGRAM": "model.v2.py"},
            "SAGEMAKER_PROGRAM is model.v2.py, and the code folder has inference.py",
        ),
        (
            {"SAGEMAKER_PROGRAM": "/opt/ml/model/code/inference.py"},
            "code folder has inference.py; name one of its scripts",
        ),
        ({"SAGEMAKER_PROGRAM": ""}, "SAGEMAKER_PROGRAM is ''; name a script, such as inference.py"),
        (
            {"SAGEMAKER_MODEL_SERVER_TIMEOUT": "1m"},
            "SAGEMAKER_MODEL_SERVER_TIMEOUT is '1m'; write a whole number",
        ),
        (
            {"SAGEMAKER_CONTAINER_LOG_LEVEL": "INFO"},
            "SAGEMAKER_CONTAINER_LOG_LEVEL is 'INFO'; write a whole number",
        ),
    ],
)
def test_fails_at_the_start_and_says_why(
    tmp_path: Path, environment: dict[str, str | None], reason: str
) -> None:
    model = Model.of(tmp_path, DOUBLER)
    given = {**model.environment, **environment}
    model = Model(model.folder, {name: value for name, value in given.items() if value is not None})
    said = refusal(model)
    assert reason in said
    assert "is not installed in this Python" not in said, "the code is missing, and no package"


def test_fails_at_the_start_when_transform_fn_is_defined_with_a_function_it_replaces(tmp_path: Path) -> None:
    code = DOUBLER + "def transform_fn(m, d, c, a): return d, a\ndef predict_fn(data, model): return data\n"
    assert "inference.py defines transform_fn and predict_fn, which the container refuses" in refusal(
        Model.of(tmp_path, code)
    )


def test_images_up_to_1_0_1_do_not_read_transform_fn(tmp_path: Path) -> None:
    code = DOUBLER + "def transform_fn(m, d, c, a): return 'transformed', a\n"
    request = Request(b"1,2\n3,4\n", CSV)
    with ours(Model.of(tmp_path / "new", code), "sklearn", TAG) as server:
        assert server.answer(request).body == b"transformed"
    with ours(Model.of(tmp_path / "old", code), "sklearn", "1.0-1-cpu-py3") as server:
        assert server.answer(request).body == b"2.0,4.0\n6.0,8.0\n"


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (
            "import not_installed_anywhere\n" + DOUBLER,
            "imports not_installed_anywhere, which is not installed in this",
        ),
        (
            "def model_fn(model_dir): return open('/opt/ml/model/gone.json')\n",
            "SM_MODEL_DIR in the environment",
        ),
        ("x = 1\n", "the code must define model_fn(model_dir), which loads the model from its folder"),
    ],
)
def test_fails_with_a_hint_when_the_code_does_not_start(tmp_path: Path, code: str, hint: str) -> None:
    assert hint in refusal(Model.of(tmp_path, code))


AWS_EXAMPLE = """
from sagemaker_containers.beta.framework import (
    content_types, encoders, env, modules, transformer, worker, mpi)
import sagemaker_containers._content_types
from sagemaker_inference import content_types as others, decoder, encoder

def model_fn(model_dir):
    assert env.model_dir == model_dir
    return env.ServingEnv().module_name

def input_fn(data, content_type):
    if content_type == others.CSV:
        return encoders.decode(data, content_types.CSV)
    return mpi.start()

def predict_fn(data, model):
    return model

def output_fn(prediction, accept):
    if accept == "application/json":
        return worker.Response('{"instances": []}', mimetype=accept)
    return worker.Response(encoders.encode([prediction], accept), accept, mimetype=accept)
"""


def test_code_can_import_the_modules_of_its_container(tmp_path: Path) -> None:
    with ours(Model.of(tmp_path, AWS_EXAMPLE), "sklearn", TAG) as server:
        assert server.answer(Request(b"1", CSV)) == Answer(200, "text/csv; charset=utf-8", b"inference\n")
        assert server.answer(Request(b"1", {"Content-Type": "text/csv"})).body == b'{"instances": []}'
        assert server.answer(Request(b"1", {"Content-Type": "a/b"})).status == 500
        assert "mpi.start: the local AWS has only the serving part of sagemaker_containers" in server.printed


def test_code_that_names_the_containers_model_folder_finds_it(tmp_path: Path) -> None:
    """This requires a system that allows a process its own mounts; on others, the error says what to use instead."""
    code = """
import os
def model_fn(model_dir):
    with open("/opt/ml/model/word.txt") as file:
        return file.read()
def transform_fn(model, data, content_type, accept):
    return f"{model} {sorted(os.listdir('/opt'))}", accept
"""
    model = Model.of(tmp_path, code)
    (model.folder / "word.txt").write_text("word")
    before = sorted(entry.name for entry in Path("/opt").iterdir())
    try:
        with ours(model, "sklearn", TAG) as server:
            assert server.answer(Request(b"1", CSV)).body.decode() == f"word {sorted({*before, 'ml'})}"
            assert "only this model server sees the model's folder there" in server.printed
    except TransformJobError as failed:
        assert "SM_MODEL_DIR in the environment" in "\n".join(
            failed.log_lines
        )  # on a system without such mounts
    assert sorted(entry.name for entry in Path("/opt").iterdir()) == before


def test_fails_for_a_file_of_the_project_by_a_relative_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The container's working directory is writable and has none of the user's files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.txt").write_text("cat")
    code = (
        "def model_fn(model_dir):\n    open('mine.txt', 'w').close()\n    return open('labels.txt').read()\n"
    )
    with (
        pytest.raises(TransformJobError) as raised,
        ours(Model.of(tmp_path / "job", code), "sklearn", TAG),
    ):
        pass
    printed = "\n".join(raised.value.log_lines)
    assert "No such file or directory: 'labels.txt'" in printed
    assert (
        "labels.txt is a relative path, and a container's working directory has none of your folders"
        in printed
    )
    assert not (tmp_path / "mine.txt").exists()
