from __future__ import annotations

from dataclasses import replace

import pytest

from batch_transform.job.filters.result_columns import result_columns
from batch_transform.job.values.job_spec import InputSpec, JobSpec, ModelSpec, OutputSpec


def a_job(
    columns: tuple[str, ...] = ("id", "a", "b"), answer: tuple[str, ...] = ("score", "label")
) -> JobSpec:
    return JobSpec(
        name="churn",
        model=ModelSpec(existing="churn"),
        input=InputSpec(columns=columns),
        output=OutputSpec(columns=answer),
    )


@pytest.mark.parametrize(
    ("join_source", "output_filter", "names"),
    [
        ("Input", "$[0,-1]", ("id", "label")),
        ("Input", "$[1:3]", ("a", "b", "score")),
        ("Input", "$", ("id", "a", "b", "score", "label")),
        ("None", "$", ("score", "label")),
        ("None", "$[1]", ("label",)),
    ],
)
def test_the_output_filter_selects_the_same_names_as_cells(
    join_source: str, output_filter: str, names: tuple[str, ...]
) -> None:
    assert result_columns(a_job(), {"JoinSource": join_source, "OutputFilter": output_filter}) == names


def test_there_are_no_result_columns_unless_all_names_are_known() -> None:
    assert result_columns(a_job(columns=()), {"JoinSource": "Input", "OutputFilter": "$"}) == ()
    assert result_columns(a_job(answer=()), {"JoinSource": "Input", "OutputFilter": "$"}) == ()


def test_a_json_result_has_no_columns_even_if_its_fields_are_named() -> None:
    spec = replace(a_job(), output=OutputSpec(accept="application/jsonlines", columns=("label",)))
    assert result_columns(spec, {"JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"}) == ()
