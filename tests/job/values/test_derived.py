"""Fields with only one possible value are filled in; values given by the job are kept."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from batch_transform.job.problems import problems
from batch_transform.job.request.request import transform_job_request
from batch_transform.job.values.derived import derived_values, with_derived
from batch_transform.job.values.job_spec import (
    DataProcessingSpec,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
)

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
JOIN = DataProcessingSpec(join_source="Input")
SPLIT, ASSEMBLE = "input.split_type", "output.assemble_with"


def job(
    processing: DataProcessingSpec,
    content_type: str | None,
    accept: str | None,
    *,
    split: str | None = None,
    assemble: str | None = None,
) -> JobSpec:
    return JobSpec(
        name="churn",
        model=ModelSpec(existing="churn"),
        input=InputSpec(content_type=content_type, split_type=split, columns=("id", "age")),
        data_processing=processing,
        output=OutputSpec(accept=accept, assemble_with=assemble, columns=("label",)),
    )


@pytest.mark.parametrize(
    ("spec", "filled"),
    [
        (job(JOIN, CSV, CSV), {SPLIT: "Line", ASSEMBLE: "Line"}),
        (job(JOIN, CSV, CSV, split="Line"), {ASSEMBLE: "Line"}),
        (job(JOIN, CSV, CSV, assemble="Line"), {SPLIT: "Line"}),
        (job(JOIN, JSON_LINES, JSON_LINES), {SPLIT: "Line", ASSEMBLE: "Line"}),
        (job(JOIN, JSON, JSON, split="Line"), {ASSEMBLE: "Line"}),
        (job(JOIN, JSON, JSON, assemble="Line"), {SPLIT: "Line"}),
        (job(JOIN, CSV, None), {"output.accept": CSV, SPLIT: "Line", ASSEMBLE: "Line"}),
        (job(JOIN, None, JSON), {"input.content_type": JSON}),
        (job(DataProcessingSpec(send=("age",)), CSV, CSV), {SPLIT: "Line"}),
        (job(DataProcessingSpec(send_except=("id",)), JSON_LINES, None), {SPLIT: "Line"}),
        (job(DataProcessingSpec(keep=("label",)), CSV, CSV), {SPLIT: "Line", ASSEMBLE: "Line"}),
        (job(DataProcessingSpec(keep=("label",)), CSV, CSV, assemble="None"), {SPLIT: "Line"}),
    ],
)
def test_fields_with_only_one_possible_value_are_filled_in(spec: JobSpec, filled: dict[str, str]) -> None:
    assert {one.field: one.value for one in derived_values(spec)} == filled
    assert [problem for problem in problems(spec) if problem.is_error] == []
    assert derived_values(with_derived(spec)) == ()


@pytest.mark.parametrize(
    "spec",
    [
        job(DataProcessingSpec(), CSV, CSV),
        job(DataProcessingSpec(input_filter="$[1:]"), CSV, CSV),  # AWS's own spelling is sent unchanged
        job(JOIN, JSON, JSON),  # whole files can be joined, too
        job(JOIN, JSON_LINES, JSON_LINES, split="None"),
        job(DataProcessingSpec(send=("age",)), JSON, JSON),
        job(DataProcessingSpec(send=("age",)), CSV, CSV, split="None"),
        job(JOIN, "image/png", None),
        job(JOIN, None, None),
        job(JOIN, "${Token[TOKEN.1]}", None),
    ],
)
def test_only_the_defaults_of_aws_are_filled_in_otherwise(spec: JobSpec) -> None:
    assert derived_values(spec) == ()
    filled = with_derived(spec)
    assert filled.input.split_type == (spec.input.split_type or "None")
    assert filled.output.assemble_with == (spec.output.assemble_with or "None")
    assert (filled.input.content_type, filled.output.accept) == (spec.input.content_type, spec.output.accept)


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"split": "None"}, "join-csv-needs-line", SPLIT),
        ({"assemble": "None"}, "join-csv-needs-line", ASSEMBLE),
        ({"split": "RecordIO"}, "join-split-unfit", SPLIT),
    ],
)
def test_fails_for_values_that_contradict_the_join(given: dict[str, Any], code: str, field: str) -> None:
    assert [(one.code, one.field) for one in problems(job(JOIN, CSV, CSV, **given))] == [(code, field)]


def test_the_request_has_the_values_that_were_filled_in() -> None:
    spec = job(DataProcessingSpec(send_except=("id",), join_source="Input"), CSV, None)
    request = transform_job_request(spec, model_name="m", data="s3://a/b/", output_path="s3://c/d/")
    assert request["TransformInput"]["SplitType"] == "Line"
    assert request["TransformOutput"] == {
        "S3OutputPath": "s3://c/d/",
        "Accept": CSV,
        "AssembleWith": "Line",
    }
    whole = dataclasses.replace(spec, data_processing=DataProcessingSpec())
    request = transform_job_request(whole, model_name="m", data="s3://a/b/", output_path="s3://c/d/")
    assert request["TransformInput"]["SplitType"] == request["TransformOutput"]["AssembleWith"] == "None"


def test_a_derived_value_is_shown_with_its_reason() -> None:
    assert str(derived_values(job(JOIN, CSV, CSV, assemble="Line"))[0]) == (
        "input.split_type: Line, because the join needs it"
    )
