from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings

from adopt.requests import requests
from batch_transform.adopt.adopted import Adopted, in_full
from batch_transform.adopt.job_text import job_text, read_back, request_of
from batch_transform.adopt.request_json import adopt_json
from batch_transform.job.errors import BatchTransformError
from batch_transform.job.files.job_file import load_job_file
from batch_transform.job.rules import request_problems
from batch_transform.job.values.job_spec import JobSpec

SMALL: dict[str, Any] = {
    "ModelName": "m",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in-bucket/x"}}
    },
    "TransformOutput": {"S3OutputPath": "s3://out-bucket/y"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}


def loaded(text: str) -> JobSpec:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.yaml"
        path.write_text(text, encoding="utf-8")
        return load_job_file(path)


def adopted_text(request: dict[str, Any]) -> str:
    adopted = adopt_json(json.dumps(request), origin="a test")
    return job_text(adopted, name=adopted.job_name)


@given(requests())
@example(
    SMALL
    | {"Environment": {"A" * 1023: "\x00\x85\u2028\ufeff\U0001f600 #: '\"\\\t", "yes": "no", "null": ""}}
)
@example(
    SMALL | {"Environment": {"A": "- x", "B": "2026-11-22", "C": "1e3", "D": "0x1F", "E": "~", "F": " a "}}
)
@example(SMALL | {"Environment": {"A": "${HOME}", "B": "{% x %}", "C": "$.x"}})
@settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # how long an example takes depends on the load of the machine
def test_the_job_file_of_a_request_makes_the_request(request: dict[str, Any]) -> None:
    assume(not [problem for problem in request_problems(request) if problem.is_error])
    wanted = in_full({name: value for name, value in request.items() if name != "TransformJobName"})
    spec = loaded(adopted_text(request))
    made = request_of(spec)
    assert in_full(made) == wanted
    # the request of a job file is read back unchanged, too
    assert request_of(loaded(adopted_text(made))) == made


def test_a_minimal_request_makes_a_short_file_with_comments() -> None:
    text = adopted_text(SMALL | {"TransformJobName": "churn-2026-01-02-10-00-00-123"})
    assert yaml.safe_load(text) == {
        "name": "churn",
        "model": {"existing": "m"},
        "input": {"data": "s3://in-bucket/x"},
        "transform": {"instance_type": "ml.m5.large", "instance_count": 1},
        "output": {"path": "s3://out-bucket/y"},
    }
    assert "  data: s3://in-bucket/x  # every object whose key starts with this\n" in text
    assert "churn-2026-01-02-10-00-00-123; each run gets a new name" in text


def test_filters_are_described_in_words() -> None:
    csv = {"ContentType": "text/csv", "SplitType": "Line"}
    text = adopted_text(
        SMALL
        | {
            "TransformInput": SMALL["TransformInput"] | csv,
            "TransformOutput": SMALL["TransformOutput"] | {"Accept": "text/csv", "AssembleWith": "Line"},
            "DataProcessing": {"InputFilter": "$[1:]", "OutputFilter": "$[0,-1]", "JoinSource": "Input"},
        }
    )
    assert '  input_filter: "$[1:]"  # the model gets all columns except the first\n' in text
    assert '  output_filter: "$[0,-1]"  # kept: column 1 and the last column\n' in text


def test_values_known_only_at_run_time_are_left_out_and_reported() -> None:
    given = {name: value for name, value in SMALL.items() if name not in {"ModelName", "TransformInput"}}
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
        "Parameters": {**given, "ModelName.$": "$.model", "TransformInput.$": "$.input"},
    }
    adopted = adopt_json(json.dumps(state), origin="a test")
    text = job_text(adopted, name="demo")
    assert yaml.safe_load(text)["model"] == {"existing": "name-of-your-model"}
    assert "# Left out: TransformInput was $.input, which is known only when it runs. Write it here." in text
    assert "# Write the model's name: it was $.model" in text
    (problem,) = read_back(text, adopted, shown_path="x")
    assert (problem.code, problem.severity) == ("model-placeholder", "warning")


def test_a_value_that_is_left_out_is_listed_with_advice() -> None:
    unknown = {
        ("TransformInput", "DataSource", "S3DataSource", "S3Uri"): "$.data",
        ("Environment", "A"): "$.a",
    }
    text = job_text(Adopted(SMALL, "a test", unknown=unknown), name="demo")
    why = "which is known only when it runs. Write its usual value here; a run can then change it."
    assert f"# Left out: input.data was $.data, {why}\n" in text
    assert f"# Left out: transform.env.A was $.a, {why}\n" in text


@pytest.mark.parametrize(
    ("members", "line"),
    [
        ({"MaxPayloadInMB": 0}, "  max_payload: 0  # each object is streamed to the model"),
        ({"MaxPayloadInMB": 6}, "  max_payload: 6  # MB per request, at most"),
        (
            {"MaxConcurrentTransforms": 0},
            "  max_concurrent_transforms: 0  # as many as the container asks for, or 1",
        ),
        (
            {"MaxConcurrentTransforms": 2},
            "  max_concurrent_transforms: 2  # requests at a time per instance",
        ),
        ({"BatchStrategy": "SingleRecord"}, "  strategy: SingleRecord  # one record per request"),
    ],
)
def test_a_comment_depends_on_the_value(members: dict[str, Any], line: str) -> None:
    assert line in adopted_text(SMALL | members).splitlines()


def test_a_comment_has_no_control_characters() -> None:
    adopted = Adopted(SMALL, "a file called \x1b[31mred\nname: evil", notes=["a note"])
    text = job_text(adopted, name="demo")
    assert "\x1b" not in text
    assert yaml.safe_load(text)["name"] == "demo"


def test_fails_when_a_file_makes_a_different_request() -> None:
    adopted = Adopted(SMALL, "a test")
    text = job_text(adopted, name="demo").replace("s3://in-bucket/x", "s3://in-bucket/other")
    with pytest.raises(BatchTransformError, match=r"input\.data would be sent as"):
        read_back(text, adopted, shown_path="x")


def test_problems_of_a_request_have_lines_of_the_job_file() -> None:
    adopted = Adopted(SMALL | {"MaxPayloadInMB": 200}, "a test")
    text = job_text(adopted, name="demo")
    (problem,) = read_back(text, adopted, shown_path="demo.yaml")
    assert (problem.code, problem.path) == ("max-payload-too-large", "demo.yaml")
    assert "max_payload: 200" in text.splitlines()[problem.line - 1]
