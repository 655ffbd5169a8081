"""Any content of a job file becomes a job or a list of problems, and never crashes the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_transform.job.files.job_file import read_job_files
from batch_transform.job.request.request import transform_job_request
from batch_transform.job.values.fields import all_fields

_WORDS = [
    *(
        "Line",
        "None",
        "Input",
        "text/csv",
        "application/jsonlines",
        "id",
        "a_b",
        "label",
        "$",
        "$[1:]",
        "$.id",
    ),
    *(
        "s3://bucket/in/",
        "s3://bucket/out",
        "alias/key",
        "ml.m5.large",
        "ml.g5.xlarge",
        "1.2-1",
        "sklearn",
        "",
        "é",
    ),
    *("MultiRecord", "0 2 * * ? *", "1 hour", "UTC", "arn:aws:iam::123456789012:role/models", "repo/image:1"),
]
_scalars = st.one_of(
    st.sampled_from(_WORDS), st.integers(-2, 200), st.booleans(), st.none(), st.floats(allow_nan=False)
)
_names = st.lists(st.sampled_from(["id", "age", "a_b", "label", "SageMakerOutput", "id"]), max_size=5)
_images = st.fixed_dictionaries(
    {}, optional={"framework": _scalars, "version": _scalars, "image": _scalars, "source": _scalars}
)
_inputs = st.dictionaries(
    st.sampled_from(["transform", "transform.max_payload", "input", "data_processing", "Comment", "tags"]),
    st.one_of(
        _scalars,
        _names,
        st.dictionaries(
            st.sampled_from(["instance_type", "env", "data", "keep", "output_filter"]),
            st.one_of(_scalars, _names),
        ),
    ),
    max_size=3,
)
_schedules = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "b", "a b", 1]),
        "rate": _scalars,
        "cron": _scalars,
        "start_date": st.sampled_from(["2030-01-01T00:00:00Z", "2030-01-01", "soon", 7]),
        "end_date": st.sampled_from(["2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"]),
        "input": _inputs,
    },
)
_values = st.one_of(
    _scalars,
    _names,
    st.lists(_images, max_size=3),
    _schedules,
    st.lists(_schedules, max_size=3),
    st.dictionaries(st.sampled_from(["A", "b c", "framework", "version", "subnets"]), _scalars, max_size=3),
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Return a document with the fields of job files, and values that are often wrong for them."""
    document: dict[str, Any] = {"name": "demo", "model": {"existing": "m"}}
    for field in draw(st.lists(st.sampled_from(all_fields()), max_size=14, unique=True)):
        *parents, last = field.split(".")
        node: Any = document
        for parent in parents:
            node = node.setdefault(parent, {}) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node[last] = draw(_names if "send" in last or last in {"keep", "columns"} else _values)
    return document


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs")


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(document=documents())
def test_a_job_file_is_reported_or_becomes_a_request(document: dict[str, Any], folder: Path) -> None:
    path = folder / "job.yaml"
    path.write_text(json.dumps(document))  # JSON is also YAML
    files = read_job_files([path])
    for problem in files.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert "Token" not in str(problem)
    for job in files.jobs:
        assert transform_job_request(job, model_name="m", data="s3://in/a/", output_path="s3://out/a/")
    assert files.jobs or any(problem.is_error for problem in files.problems)
