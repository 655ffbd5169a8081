from __future__ import annotations

import importlib.util
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from werkzeug.test import Client

from batch_transform.local.framework_server import FrameworkServer, InferenceCode

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"

INFERENCE = '''
"""Scores rows with a linear model; says what it was given."""
import json
import os

from scaling import scaled  # beside this file, in code/


def model_fn(model_dir):
    with open(os.path.join(model_dir, "weights.json")) as file:
        return json.load(file)


def input_fn(data, content_type):
    if content_type == "application/x-raw":
        return [[float(len(data)) if isinstance(data, bytes) else -1.0]]
    if not isinstance(data, str):
        raise TypeError("text types come as str")
    return [[scaled(cell) for cell in row.split(",")] for row in data.splitlines()]


def predict_fn(rows, weights):
    return [sum(w * x for w, x in zip(weights, row)) for row in rows]


def output_fn(prediction, accept):
    return "".join(f"{value:g}\\n" for value in prediction), accept
'''


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


FILES = {
    "weights.json": b"[1, 10]",
    "code/inference.py": INFERENCE.encode(),
    "code/scaling.py": b"def scaled(cell):\n    return float(cell) * 2\n",
}


def published(lab: Any, files: dict[str, bytes]) -> str:
    bucket = lab.bucket()
    lab.s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=archive(files))
    return f"s3://{bucket}/model.tar.gz"


def test_a_framework_image_is_served_from_the_archives_own_code(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"id-1,1,2\nid-2,3,4\n"})
    model = lab.model(image=IMAGE, ModelDataUrl=published(lab, FILES))
    assert lab.run(lab.request(model, bucket))["TransformJobStatus"] == "Completed"
    assert lab.body(bucket, "out/a.csv.out") == b"id-1,42\nid-2,86\n"


def test_fails_with_the_traceback_in_the_data_log_when_the_code_raises(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"id-1,one,2\n"})
    client_config = {"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 10}
    request = lab.request(
        lab.model(image=IMAGE, ModelDataUrl=published(lab, FILES)), bucket, ModelClientConfig=client_config
    )
    assert lab.run(request)["FailureReason"] == "AlgorithmError: See job logs for more information"
    lines = lab.log_lines(request["TransformJobName"], "/data-log")
    assert any("ValueError: could not convert string to float: 'one'" in line for line in lines)
    assert any("inference.py" in line for line in lines)


def test_fails_with_the_reason_in_the_log_when_the_model_does_not_load(lab: Any) -> None:
    files = {**FILES, "code/inference.py": b"def model_fn(model_dir):\n    raise OSError('no weights')\n"}
    request = lab.request(
        lab.model(image=IMAGE, ModelDataUrl=published(lab, files)), lab.bucket(**{"a.csv": b"1,2\n"})
    )
    assert lab.run(request)["FailureReason"].startswith(
        "AlgorithmError: Model container failed to respond to ping."
    )
    assert any("OSError: no weights" in line for line in lab.log_lines(request["TransformJobName"]))


def test_fails_when_the_archive_would_be_unpacked_outside_of_its_folder(lab: Any) -> None:
    url = published(lab, {"../outside.txt": b"x"})
    described = lab.run(
        lab.request(lab.model(image=IMAGE, ModelDataUrl=url), lab.bucket(**{"a.csv": b"1,2\n"}))
    )
    assert described["FailureReason"].startswith(
        f"ClientError: Failed to extract model data archive from {url}"
    )


def test_fails_when_the_archive_is_none(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"1,2\n"})
    lab.s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=b"no archive")
    url = f"s3://{bucket}/model.tar.gz"
    described = lab.run(lab.request(lab.model(image=IMAGE, ModelDataUrl=url), bucket))
    assert described["FailureReason"].startswith(
        f"ClientError: Failed to extract model data archive from {url}"
    )


def served(code: str, tmp_path: Path) -> Client:
    """Return a client of the server with this inference.py, in this process."""
    path = tmp_path / "inference_under_test.py"
    path.write_text(code)
    spec = importlib.util.spec_from_file_location("inference_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Client(FrameworkServer(InferenceCode(module, tmp_path)))


ECHO = """
def model_fn(model_dir):
    return None
def input_fn(data, content_type):
    return type(data).__name__
def predict_fn(data, model):
    return data
"""


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("text/csv", "str"),
        ("application/json; charset=utf-8", "str"),
        ("application/jsonlines", "bytes"),
        ("image/png", "bytes"),
    ],
)
def test_text_types_come_as_str_and_all_others_as_bytes(tmp_path: Path, content_type: str, kind: str) -> None:
    client = served(ECHO + "def output_fn(prediction, accept):\n    return prediction\n", tmp_path)
    assert client.post("/invocations", data=b"1,2", content_type=content_type).text == kind


@pytest.mark.parametrize("result", ["'x'", "b'x'", "('x', 'text/plain')"])
def test_a_result_may_be_str_bytes_or_a_pair_with_its_content_type(tmp_path: Path, result: str) -> None:
    client = served(ECHO + f"def output_fn(prediction, accept):\n    return {result}\n", tmp_path)
    answer = client.post("/invocations", data=b"1", content_type="text/csv", headers={"Accept": "text/csv"})
    assert (answer.status_code, answer.data) == (200, b"x")
    assert answer.mimetype == ("text/plain" if "plain" in result else "text/csv")


def test_transform_fn_stands_for_the_other_three(tmp_path: Path) -> None:
    code = """
def model_fn(model_dir):
    return 7
def transform_fn(model, data, content_type, accept):
    return f"{model} {data} {accept}"
"""
    client = served(code, tmp_path)
    answer = client.post("/invocations", data=b"1", content_type="text/csv", headers={"Accept": "text/csv"})
    assert answer.text == "7 1 text/csv"


DEFAULTS = """
class Doubler:
    def predict(self, rows):
        return rows * 2
def model_fn(model_dir):
    return Doubler()
"""


@pytest.mark.parametrize(
    ("content_type", "accept", "body", "answer"),
    [
        ("text/csv", "text/csv", b"1,2\n3,4\n", "2.0,4.0\n6.0,8.0\n"),
        ("application/json", "application/json", b"[[1, 2]]", "[[2, 4]]"),
        ("text/csv", "*/*", b"1,2\n3,4\n", "[[2.0, 4.0], [6.0, 8.0]]"),
    ],
)
def test_what_the_code_leaves_out_is_done_as_in_the_containers(
    tmp_path: Path, content_type: str, accept: str, body: bytes, answer: str
) -> None:
    client = served(DEFAULTS, tmp_path)
    given = client.post("/invocations", data=body, content_type=content_type, headers={"Accept": accept})
    assert (given.status_code, given.text) == (200, answer)


@pytest.mark.parametrize(
    ("content_type", "accept", "status"), [("text/xml", "text/csv", 415), ("text/csv", "text/xml", 406)]
)
def test_fails_with_415_or_406_when_a_type_has_no_default(
    tmp_path: Path, content_type: str, accept: str, status: int
) -> None:
    client = served(DEFAULTS, tmp_path)
    answer = client.post("/invocations", data=b"1", content_type=content_type, headers={"Accept": accept})
    assert answer.status_code == status
    assert "text/xml" in answer.text


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Client]:
    yield served(DEFAULTS, tmp_path)


def test_other_paths_are_not_there(plain: Client) -> None:
    assert plain.get("/ping").status_code == 200
    assert plain.get("/execution-parameters").status_code == 404
    assert plain.get("/invocations").status_code == 405


def test_fails_when_there_is_no_model_fn(tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_text("")
    with pytest.raises(
        NotImplementedError, match=r"must define model_fn\(model_dir\); seen in .*: model.joblib"
    ):
        InferenceCode(None, tmp_path)
