from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from batch_transform.runs.output_rows import output_columns, read_rows
from batch_transform.spec.job_spec import InputSpec, JobSpec, ModelSpec, OutputSpec


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
def test_the_output_filter_picks_the_same_of_the_names_as_of_the_cells(
    join_source: str, output_filter: str, names: tuple[str, ...]
) -> None:
    assert output_columns(a_job(), {"JoinSource": join_source, "OutputFilter": output_filter}) == names


def test_without_all_names_there_are_none() -> None:
    assert output_columns(a_job(columns=()), {"JoinSource": "Input", "OutputFilter": "$"}) == ()
    assert output_columns(a_job(answer=()), {"JoinSource": "Input", "OutputFilter": "$"}) == ()


def test_rows_of_all_files_are_read_in_order(tmp_path: Path) -> None:
    files = [tmp_path / "a.out", tmp_path / "b.out"]
    files[0].write_text('1,"x,y"\n2,z\n')
    files[1].write_text("3,w\n")
    assert list(read_rows(files, "text/csv")) == [["1", "x,y"], ["2", "z"], ["3", "w"]]


def test_a_result_that_is_no_csv_has_one_cell_a_line(tmp_path: Path) -> None:
    file = tmp_path / "a.out"
    file.write_text('{"a":1,"b":2}\n{"a":3,"b":4}\n')
    assert list(read_rows([file], "application/jsonlines")) == [['{"a":1,"b":2}'], ['{"a":3,"b":4}']]


def test_a_json_result_has_no_columns_whatever_names_its_fields_have() -> None:
    spec = replace(a_job(), output=OutputSpec(accept="application/jsonlines", columns=("label",)))
    assert output_columns(spec, {"JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"}) == ()
