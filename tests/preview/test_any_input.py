"""Problems in any bytes become findings of a preview, never a traceback."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.explain.shown_request import shown_request
from batch_transform.job.values.job_spec import DataProcessingSpec, InputSpec, JobSpec, ModelSpec, OutputSpec
from batch_transform.preview.given_answer import GivenAnswer
from batch_transform.preview.preview import preview
from batch_transform.preview.source import Source

PIECES = [
    b"1",
    b",",
    b'"',
    b"\n",
    b"\r\n",
    b"\n",
    b"a",
    b"{}",
    b'{"a":1}',
    b"[",
    b"\xff",
    b"\xef\xbb\xbf",
    b" ",
]
BYTES = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)


def job(content_type: str, split: str, input_filter: str, output_filter: str) -> JobSpec:
    return JobSpec(
        "demo",
        ModelSpec(existing="m"),
        input=InputSpec(content_type=content_type, split_type=split),
        data_processing=DataProcessingSpec(input_filter, join_source="Input", output_filter=output_filter),
        output=OutputSpec(accept=content_type, assemble_with=split),
    )


JOBS = [
    job("text/csv", "Line", "$[1:]", "$[0,-1]"),
    job("application/jsonlines", "Line", "$.a", "$.SageMakerOutput"),
    job("application/json", "None", "$", "$"),
]


@pytest.mark.parametrize("spec", JOBS, ids=["csv", "json lines", "json"])
@given(data=BYTES, answer=BYTES)
def test_any_bytes_have_a_result_or_a_finding(spec: JobSpec, data: bytes, answer: bytes) -> None:
    made = preview(
        spec,
        shown_request(spec).request,
        Source("x", len(data), io.BytesIO(data)),
        count=3,
        check=None,
        invoker=GivenAnswer(answer, split_lines=spec.input.split_type == "Line"),
        execution_parameters={},
    )
    records = data.removesuffix(b"\n").split(b"\n") if data else []
    if spec.input.split_type == "Line":
        assert made.checked == len(records)
        assert [one.record for one in made.shown] == records[:3]
    # a record without a result has a finding that says why
    assert made.has_errors or all(one.result is not None for one in made.shown)
