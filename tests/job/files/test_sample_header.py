from __future__ import annotations

from pathlib import Path

import pytest

from batch_transform.job.errors import SampleHeaderError
from batch_transform.job.files.job_file import load_job_file, read_job_files
from batch_transform.job.files.sample_header import read_header


def sample(folder: Path, content: bytes) -> Path:
    path = folder / "sample.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"id,age\n1,2\n", ("id", "age")),
        (b"\xef\xbb\xbfid,age\r\n1,2\r\n", ("id", "age")),
        (b'"full name","a, b"\n', ("full name", "a, b")),
        (b"id", ("id",)),
        (b"id,age\n\xff\xfe not read\n", ("id", "age")),
    ],
    ids=["plain", "mark and CRLF", "quotes", "one", "the first line alone"],
)
def test_the_first_line_names_the_columns(content: bytes, names: tuple[str, ...], tmp_path: Path) -> None:
    assert read_header(sample(tmp_path, content)) == names


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has an empty first line"),
        (b"\n", "has an empty first line"),
        (b"case-1,17.99\n", "column 2 of its first line is '17.99', a number"),
        (b"id,,age\n", "column 2 of its first line is nothing"),
        (b"id;age;plan\n", "separated by semicolons; CSV needs commas"),
        (b"id\tage\n", "separated by tabs; CSV needs commas"),
        (b'id,"age\n', "isn't CSV"),
        (b"\xff\xfei\x00d\x00\n", "not UTF-8"),
    ],
)
def test_fails_for_a_first_line_that_is_not_a_header(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(SampleHeaderError, match=message):
        read_header(sample(tmp_path, content))


JOB = """\
name: demo
model: {existing: demo-model}
input:
  content_type: text/csv
  split_type: Line
  columns_from: ../data/sample.csv
data_processing: {send_except: [id]}
output: {assemble_with: Line}
"""


def job_file(folder: Path, header: str) -> Path:
    for name in ("jobs", "data"):
        (folder / name).mkdir()
    (folder / "data/sample.csv").write_text(header)
    path = folder / "jobs/demo.yaml"
    path.write_text(JOB)
    return path


def test_a_job_file_gets_its_columns_from_a_sample_at_a_relative_path(tmp_path: Path) -> None:
    job = load_job_file(job_file(tmp_path, "id,age,plan\n"))
    assert job.input.columns == ("id", "age", "plan")
    assert job.input.columns_from == tmp_path / "data/sample.csv"


def test_fails_for_a_missing_sample_and_says_which_folder_its_path_is_relative_to(tmp_path: Path) -> None:
    path = job_file(tmp_path, "id,age,plan\n")
    (tmp_path / "data/sample.csv").unlink()
    (problem,) = read_job_files([path]).problems
    assert problem.message == (
        f"'../data/sample.csv' does not exist, relative to {tmp_path / 'jobs'}; correct the path"
    )


def test_fails_for_a_sample_with_a_duplicate_column_and_points_at_the_field(tmp_path: Path) -> None:
    (problem,) = read_job_files([job_file(tmp_path, "id,age,age\n")]).problems
    assert (problem.code, problem.line, problem.column) == ("column-duplicate", 6, 17)


def test_fails_for_a_sample_without_a_header_and_reports_no_unknown_names(
    tmp_path: Path,
) -> None:
    (problem,) = read_job_files([job_file(tmp_path, "7,8\n")]).problems
    assert (problem.code, problem.line) == ("columns-from-unreadable", 6)
