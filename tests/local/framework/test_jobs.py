"""Transform jobs of a framework image."""

from __future__ import annotations

from typing import Any

from fakes.archive import archive_of

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


ENVIRONMENT = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}

FILES = {
    "weights.json": b"[1, 10]",
    "code/inference.py": INFERENCE.encode(),
    "code/scaling.py": b"def scaled(cell):\n    return float(cell) * 2\n",
}


def published(lab: Any, files: dict[str, bytes]) -> str:
    bucket = lab.bucket()
    lab.s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=archive_of(files))
    return f"s3://{bucket}/model.tar.gz"


def test_a_framework_image_is_served_from_the_archives_own_code(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"id-1,1,2\nid-2,3,4\n"})
    model = lab.model(image=IMAGE, ModelDataUrl=published(lab, FILES), Environment=ENVIRONMENT)
    assert lab.run(lab.request(model, bucket))["TransformJobStatus"] == "Completed"
    assert lab.body(bucket, "out/a.csv.out") == b"id-1,42\nid-2,86\n"


def test_fails_with_the_containers_page_in_the_data_log_and_the_traceback_in_its_own(lab: Any) -> None:
    """As on AWS, the answer of these containers does not contain the error."""
    bucket = lab.bucket(**{"a.csv": b"id-1,one,2\n"})
    client_config = {"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 10}
    model = lab.model(image=IMAGE, ModelDataUrl=published(lab, FILES), Environment=ENVIRONMENT)
    request = lab.request(model, bucket, ModelClientConfig=client_config)
    assert lab.run(request)["FailureReason"] == "AlgorithmError: See job logs for more information"
    data_log = lab.log_lines(request["TransformJobName"], "/data-log")
    assert any("<title>500 Internal Server Error</title>" in line for line in data_log)
    lines = lab.log_lines(request["TransformJobName"])
    assert any("ValueError: could not convert string to float: 'one'" in line for line in lines)
    assert any("inference.py" in line for line in lines)


def test_the_execution_parameters_are_those_of_the_code(lab: Any) -> None:
    code = """
from sagemaker_containers.beta.framework import worker
def model_fn(model_dir):
    return None
def transform_fn(model, data, content_type, accept):
    return f"{len(data.split())}\\n", accept
def execution_parameters_fn():
    return worker.Response('{"MaxPayloadInMB": 1, "BatchStrategy": "SINGLE_RECORD", "MaxConcurrentTransforms": 1}')
"""
    url = published(lab, {"code/inference.py": code.encode()})
    bucket = lab.bucket(**{"a.csv": b"1\n2\n"})
    request = lab.request(lab.model(image=IMAGE, ModelDataUrl=url, Environment=ENVIRONMENT), bucket)
    for name in ("BatchStrategy", "DataProcessing", "MaxPayloadInMB", "MaxConcurrentTransforms"):
        request.pop(name, None)
    assert lab.run(request)["TransformJobStatus"] == "Completed"
    assert lab.body(bucket, "out/a.csv.out") == b"1\n1\n"
    log = lab.log_lines(request["TransformJobName"], "/data-log")
    assert any("MaxPayloadInMB=1, BatchStrategy=SINGLE_RECORD" in line for line in log)


def test_fails_with_the_reason_in_the_log_when_the_model_does_not_load(lab: Any) -> None:
    files = {**FILES, "code/inference.py": b"def model_fn(model_dir):\n    raise OSError('no weights')\n"}
    model = lab.model(image=IMAGE, ModelDataUrl=published(lab, files), Environment=ENVIRONMENT)
    request = lab.request(model, lab.bucket(**{"a.csv": b"1,2\n"}))
    assert lab.run(request)["FailureReason"].startswith(
        "AlgorithmError: Model container failed to respond to ping."
    )
    assert any("OSError: no weights" in line for line in lab.log_lines(request["TransformJobName"]))


def test_fails_when_the_archive_would_be_unpacked_outside_its_folder(lab: Any) -> None:
    url = published(lab, {"../outside.txt": b"x"})
    described = lab.run(
        lab.request(lab.model(image=IMAGE, ModelDataUrl=url), lab.bucket(**{"a.csv": b"1,2\n"}))
    )
    assert described["FailureReason"].startswith(
        f"ClientError: Failed to extract model data archive from {url}"
    )


def test_fails_when_the_archive_is_invalid(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"1,2\n"})
    lab.s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=b"no archive")
    url = f"s3://{bucket}/model.tar.gz"
    described = lab.run(lab.request(lab.model(image=IMAGE, ModelDataUrl=url), bucket))
    assert described["FailureReason"].startswith(
        f"ClientError: Failed to extract model data archive from {url}"
    )
