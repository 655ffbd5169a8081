from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine.csv_record import parse_row, serialise_row
from batch_transform.job.values.job_spec import InputSpec, JobSpec, ModelSpec, OutputSpec
from batch_transform.runs.execution import TransformJobProgress
from batch_transform.runs.result_table import ResultTable, read_rows, result_table
from batch_transform.runs.truth import Score, Truth

SPEC = JobSpec(
    name="churn",
    model=ModelSpec(existing="churn"),
    input=InputSpec(columns=("id", "a")),
    output=OutputSpec(columns=("label",)),
)


def table_of(
    spec: JobSpec, job: TransformJobProgress, files: list[Path], count: int, truth: Truth | None
) -> ResultTable:
    return result_table(spec, job, files, count, truth, folder=files[0].parent)


def a_job(output_filter: str = "$[0,-1]", accept: str = "text/csv") -> TransformJobProgress:
    return TransformJobProgress(
        name="churn-1",
        status="Completed",
        records=3,
        files=1,
        seconds=1.0,
        data_processing={"JoinSource": "Input", "OutputFilter": output_filter},
        accept=accept,
    )


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv.out"
    path.write_text("1,yes\n2,no\n3,no\n")
    return path


def test_rows_have_column_names_and_known_answers(result: Path) -> None:
    truth = Truth("id", "label", {"1": "yes", "2": "yes"})
    table = table_of(SPEC, a_job(), [result], 2, truth)
    assert table.columns == ("id", "label", "truth")
    assert table.rows == (("1", "yes", "yes"), ("2", "no", "yes ✗"))
    assert table.score == Score(right=1, known=2)


def test_known_answers_for_other_columns_are_not_shown(result: Path) -> None:
    table = table_of(SPEC, a_job(), [result], 9, Truth("key", "label", {}))
    assert table.columns == ("id", "label")
    assert table.score is None


def test_all_rows_are_scored_even_if_none_is_shown(result: Path) -> None:
    table = table_of(SPEC, a_job(), [result], 0, Truth("id", "label", {"1": "yes", "3": "yes"}))
    assert (table.columns, table.rows) == (("id", "label", "truth"), ())
    assert table.score == Score(right=1, known=2)


def test_columns_without_names_are_numbered(result: Path) -> None:
    spec = JobSpec(name="churn", model=ModelSpec(existing="churn"))
    assert table_of(spec, a_job(), [result], 9, None).columns == ("column 1", "column 2")


def test_a_wide_row_shows_its_first_and_last_columns(tmp_path: Path) -> None:
    path = tmp_path / "wide.out"
    path.write_text(",".join(map(str, range(40))) + "\n")
    table = table_of(SPEC, a_job("$"), [path], 1, None)
    assert table.rows == (("0", "1", "2", "3", "…", "37", "38", "39"),)
    assert len(table.columns) == 8


def test_a_line_of_json_is_one_cell_and_is_shortened(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.out"
    path.write_text('{"text":"' + "x" * 500 + '"}\n')
    table = table_of(SPEC, a_job("$", accept="application/jsonlines"), [path], 1, None)
    assert table.columns == ("record",)
    assert len(table.rows[0][0]) == 201


def test_rows_from_several_files_name_their_file(tmp_path: Path) -> None:
    names = ("a.csv.out", "day/b.csv.out", "empty.out")
    for name, text in zip(names, ("1,yes\n2,no\n", "3,no\n", ""), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    files = [tmp_path / name for name in names]
    table = result_table(SPEC, a_job(), files, 9, Truth("id", "label", {"3": "no"}), folder=tmp_path)
    assert table.title == "first 3 rows of 3 files"
    assert table.columns == ("file", "id", "label", "truth")
    assert table.rows[2] == ("day/b.csv.out", "3", "no", "no")
    first = result_table(SPEC, a_job(), files, 2, None, folder=tmp_path)
    assert first.title == "first 2 rows of a.csv.out, one of 3 files"
    assert first.columns == ("id", "label")


def test_a_single_file_is_named_in_the_title(result: Path) -> None:
    assert table_of(SPEC, a_job(), [result], 9, None).title == "first 3 rows of a.csv.out"
    assert table_of(SPEC, a_job(), [result], 1, None).title == "first row of a.csv.out"


def test_a_row_with_another_width_has_no_known_answer(tmp_path: Path) -> None:
    path = tmp_path / "a.out"
    path.write_text("1,yes\n2\n")
    table = table_of(SPEC, a_job(), [path], 9, Truth("id", "label", {"1": "yes", "2": "no"}))
    assert table.rows == (("1", "yes", "yes"), ("2", "", "unknown"))
    assert table.score == Score(right=1, known=1)


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('1,"x,y"', ["1", "x,y"]),
        ('"say ""no""",2', ['say "no"', "2"]),
        ("1,2\r", ["1", "2"]),
        ("", [""]),
        ("1,,", ["1", "", ""]),
        ("it's 5\" wide,1", ["it's 5\" wide", "1"]),  # a quote inside an unquoted cell
        ('"open,1', ['"open,1']),
    ],
)
def test_any_line_is_one_row(tmp_path: Path, line: str, cells: list[str]) -> None:
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


def test_a_result_that_is_not_csv_has_one_cell_per_line(tmp_path: Path) -> None:
    file = tmp_path / "a.out"
    file.write_text('{"a":1,"b":2}\n{"a":3,"b":4}\n')
    assert list(read_rows(file, "application/jsonlines")) == [['{"a":1,"b":2}'], ['{"a":3,"b":4}']]
