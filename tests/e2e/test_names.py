"""Filters by name, from the job file and from a run, through the deployed workflow."""

from __future__ import annotations

import csv

import pytest
import yaml

from e2e.project_copy import Project


@pytest.fixture
def named(project: Project) -> Project:
    """The example with its columns from a sample's header, and with filters by name."""
    columns = yaml.safe_load(project.job_file.read_text())["input"]["columns"]
    (project.folder / "build/sample.csv").write_text(f"{','.join(columns)}\ncase-1\n")
    project.edit_job("input", columns=None, columns_from="../build/sample.csv")
    names = {"send_except": ["case_id"], "keep": ["case_id", "prediction"]}
    project.edit_job("data_processing", input_filter=None, output_filter=None, **names)
    return project


def first_row(project: Project) -> list[str]:
    [result] = (project.folder / "out/tumours").glob("*/tumours.csv.out")
    return next(csv.reader(result.read_text().splitlines()))


def test_names_select_columns_in_the_job_file_and_in_a_run(named: Project) -> None:
    done = named.run_example("--set", "data_processing.keep=[case_id, probability, prediction]")
    assert done.returncode == 0, done.stdout + done.stderr
    case, probability, prediction = first_row(named)
    assert case.startswith("case-")
    assert 0 <= float(probability) <= 1
    assert prediction in {"benign", "malignant"}
    assert "accuracy" in done.stdout


def test_fails_for_data_with_a_header_before_a_job_is_billed(named: Project) -> None:
    data = named.folder / "build/data/tumours.csv"
    header = (named.folder / "build/sample.csv").read_text().splitlines()[0]
    data.write_text(f"{header}\n{data.read_text()}")
    done = named.run_example()
    assert done.returncode == 1
    assert "starts with a header row" in done.stderr
    assert "state     Transform" not in done.stdout
