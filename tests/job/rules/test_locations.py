from __future__ import annotations

import pytest

from batch_transform.job.errors import Problem
from batch_transform.job.problems import problems
from batch_transform.job.values.job_spec import (
    BatchDataCaptureConfig,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
)


def of_places(
    data: str, output: str | None = None, captured: str | None = None, data_type: str = "S3Prefix"
) -> list[Problem]:
    return problems(
        JobSpec(
            "demo",
            ModelSpec(existing="demo-model"),
            input=InputSpec(data=data, data_type=data_type),
            output=OutputSpec(path=output),
            batch_data_capture_config=BatchDataCaptureConfig(captured),
        )
    )


@pytest.mark.parametrize(
    ("data", "output", "better_data", "better_output"),
    [
        ("s3://bucket/in/", "s3://bucket/in/out", "s3://bucket/in/", "s3://bucket/in-results/"),
        ("s3://bucket/in", "s3://bucket/in/out", "s3://bucket/in/", "s3://bucket/in-results/"),
        ("s3://bucket/in", "s3://bucket/in", "s3://bucket/in/", "s3://bucket/in-results/"),
        ("s3://bucket/in", "s3://bucket/in-2/", "s3://bucket/in/", "s3://bucket/in-2/"),
    ],
)
def test_results_below_the_input_get_a_fix_that_works(
    data: str, output: str, better_data: str, better_output: str
) -> None:
    (problem,) = of_places(data, output)
    assert (problem.code, problem.severity) == ("output-under-input", "error")
    assert f"write the input as {better_data} " in problem.message or better_data == data
    assert f"such as {better_output}" in problem.message or better_output == output
    assert of_places(better_data, better_output) == []


def test_captured_data_below_the_input_get_a_fix_that_works() -> None:
    (problem,) = of_places("s3://bucket/in/", captured="s3://bucket/in/c/")
    assert problem.field == "batch_data_capture_config.destination_s3_uri"
    assert problem.message.endswith("put captured data elsewhere, such as s3://bucket/in-captured-data/")
    assert of_places("s3://bucket/in/", captured="s3://bucket/in-captured-data/") == []


def test_results_in_a_bucket_that_is_input_as_a_whole_need_another_bucket() -> None:
    (problem,) = of_places("s3://bucket", "s3://bucket/out")
    assert problem.message.endswith("give the input a prefix of its own, or put results in another bucket")
    assert of_places("s3://bucket", "s3://other/out") == []


def test_input_below_the_results_is_a_warning_but_below_captured_data_or_a_whole_bucket_it_is_none() -> None:
    (problem,) = of_places("s3://bucket/all/in/", "s3://bucket/all")
    assert (problem.code, problem.field, problem.severity) == ("input-under-output", "input.data", "warning")
    assert of_places("s3://bucket/all/in/", captured="s3://bucket/all") == []
    assert of_places("s3://bucket/all/in/", "s3://bucket") == []
    assert of_places("s3://bucket/all-in/", "s3://bucket/all") == []


def test_a_manifest_is_no_prefix_and_may_lie_beside_the_results() -> None:
    assert of_places("s3://bucket/in", "s3://bucket/in/", data_type="ManifestFile") == []


def test_an_unusual_name_of_a_bucket_is_a_warning_and_an_impossible_one_an_error() -> None:
    unusual = of_places("s3://My_Bucket/in/", "s3://bucket/out/", "s3://Other_Bucket/c/")
    assert [(problem.code, problem.severity) for problem in unusual] == [
        ("bucket-name-unusual", "warning")
    ] * 2
    impossible = of_places("s3://bucket/in/", "s3://ab/out/")
    assert [(problem.code, problem.severity) for problem in impossible] == [
        ("bucket-name-impossible", "error")
    ]
