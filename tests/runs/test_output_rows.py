from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine.csv_record import parse_row, serialise_row
from batch_transform.job.values.job_spec import InputSpec, JobSpec, ModelSpec, OutputSpec
from batch_transform.runs.output_rows import output_columns, read_rows


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


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('1,"x,y"', ["1", "x,y"]),
        ('"say ""no""",2', ['say "no"', "2"]),
        ("1,2\r", ["1", "2"]),
        ("", [""]),
        ("1,,", ["1", "", ""]),
        ("it's 5\" wide,1", ["it's 5\" wide", "1"]),  # a quote inside a cell that has none around it
        ('"open,1', ['"open,1']),
    ],
)
def test_a_line_is_a_row_whatever_it_holds(tmp_path: Path, line: str, cells: list[str]) -> None:
    (tmp_path / "a.out").write_bytes(f"{line}\nz,w\n".encode())
    assert list(read_rows(tmp_path / "a.out", "text/csv; charset=utf-8")) == [cells, ["z", "w"]]


@given(st.lists(st.text(max_size=6), min_size=1, max_size=5))
def test_cells_are_counted_as_the_engine_counts_them(cells: list[str]) -> None:
    try:
        row = serialise_row([cell.encode() for cell in cells])
    except UnicodeEncodeError:
        return
    if b"\n" in row or row.endswith(b"\r"):
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.out").write_bytes(row)
        rows = list(read_rows(Path(folder) / "a.out", "text/csv"))
    assert rows == ([[cell.decode() for cell in parse_row(row)]] if row else [])


def test_a_result_that_is_no_csv_has_one_cell_a_line(tmp_path: Path) -> None:
    file = tmp_path / "a.out"
    file.write_text('{"a":1,"b":2}\n{"a":3,"b":4}\n')
    assert list(read_rows(file, "application/jsonlines")) == [['{"a":1,"b":2}'], ['{"a":3,"b":4}']]


def test_a_json_result_has_no_columns_whatever_names_its_fields_have() -> None:
    spec = replace(a_job(), output=OutputSpec(accept="application/jsonlines", columns=("label",)))
    assert output_columns(spec, {"JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"}) == ()
