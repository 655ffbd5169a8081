"""With any filters, bytes and answers, a job ends as AWS's do, and only with errors of this project.

The engine passes on every error that isn't one of the project, so a job that returns had none.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from batch_transform.engine.settings import effective_settings
from batch_transform.job.errors import InputError, InvalidFilterError
from batch_transform.job.filters.json_path import JsonPath
from engine.fake_world import request, run_job

filter_texts = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.text(alphabet="$[]*. ,:-'0123ab", max_size=12).map("${}".format),
    st.lists(
        st.sampled_from(
            [
                ".a",
                ".*",
                "[*]",
                "[0]",
                "[-1]",
                "[0,-1]",
                "[1:]",
                "[:1]",
                "[-2:]",
                "['a']",
                "['a','b']",
                ".['a','b']",
            ]
        ),
        max_size=3,
    ).map(lambda steps: "$" + "".join(steps)),
)
csv_bytes = st.text(alphabet='ab1,"\r\n .', max_size=30).map(str.encode)
json_bytes = st.one_of(
    st.text(alphabet='{}[]":,1e-0.\\ua\n ', max_size=30).map(str.encode),
    st.lists(
        st.recursive(
            st.none()
            | st.floats()
            | st.integers()
            | st.text(max_size=4)
            | st.sampled_from([1e22, -0.0, 1e-7]),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "é"]), inner)
            ),
            max_leaves=5,
        ).map(json.dumps),
        max_size=4,
    ).map(lambda lines: "\n".join(lines).encode()),
)
any_bytes = csv_bytes | json_bytes | st.binary(max_size=30)
types = st.sampled_from(
    ["text/csv", "application/json", "application/jsonlines", "text/csv; x=y", None, "image/png"]
)


@given(filter_texts, st.sampled_from(["text/csv", "application/json", None]), any_bytes)
@settings(max_examples=300)
def test_any_text_is_a_filter_or_raises_an_error_of_this_project(
    text: str | None, content_type: str | None, data: bytes
) -> None:
    try:
        path = JsonPath.parse(text or "$", content_type=content_type)
    except InvalidFilterError as refusal:
        event("refused")
        assert str(refusal)
    else:
        assert JsonPath.parse(path.text) == path


@given(
    data=any_bytes,
    answer=any_bytes | st.none(),
    choices=st.fixed_dictionaries(
        {
            "content_type": types,
            "accept": types,
            "split_type": st.sampled_from(["None", "Line", "Line", "RecordIO", "TFRecord"]),
            "assemble_with": st.sampled_from(["None", "Line"]),
            "compression_type": st.sampled_from(["None", "None", "None", "Gzip"]),
            "input_filter": filter_texts,
            "join_source": st.sampled_from(["None", "Input", "Input"]),
            "output_filter": filter_texts,
            "BatchStrategy": st.sampled_from(["MultiRecord", "SingleRecord"]),
            "MaxPayloadInMB": st.sampled_from([0, 1, 6]),
            "DataCaptureConfig": st.sampled_from(
                [None, {"DestinationS3Uri": "s3://bucket/c", "GenerateInferenceId": True}]
            ),
        }
    ),
)
@settings(max_examples=600)
@pytest.mark.timeout(900)
def test_any_job_ends_and_says_why_it_failed(
    data: bytes, answer: bytes | None, choices: dict[str, Any]
) -> None:
    ran = run_job({"a": data}, lambda body: body if answer is None else answer, request(**choices))
    event(ran.outcome.status)
    if ran.outcome.status == "Completed":
        assert ran.out("a.out") is not None
    else:
        assert ran.outcome.status == "Failed"
        assert str(ran.outcome.failure_reason).startswith(("ClientError: ", "AlgorithmError: "))
        assert ran.out("a.out") is None
        assert "".join(ran.log)


@given(
    st.dictionaries(
        st.sampled_from(["MaxPayloadInMB", "MaxConcurrentTransforms", "BatchStrategy"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=3)
        | st.lists(st.none(), max_size=1),
    )
)
def test_any_execution_parameters_are_settings_or_raise_an_error_of_this_project(
    parameters: dict[str, Any],
) -> None:
    try:
        assert effective_settings(request(), parameters)
    except InputError as refusal:
        assert str(refusal)
