"""From the job file to rows: template, deployed stack, state machine, transform job."""

from __future__ import annotations

import csv

from e2e.project_copy import Project
from tools.pictures.pages import PICTURES
from tools.pictures.recording import shape, shown


def test_the_example_ends_with_ids_next_to_predictions(project: Project) -> None:
    done = project.run_example()
    assert done.returncode == 0, done.stdout + done.stderr

    results = list((project.folder / "out/tumours").glob("*/tumours.csv.out"))
    assert len(results) == 1
    rows = list(csv.reader(results[0].read_text().splitlines()))
    inputs = list(csv.reader((project.folder / "build/data/tumours.csv").read_text().splitlines()))
    truth = dict(
        list(csv.reader((project.folder / "build/data/tumours-truth.csv").read_text().splitlines()))[1:]
    )
    assert [row[0] for row in rows] == [row[0] for row in inputs]
    right = sum(truth[case] == prediction for case, prediction in rows)
    assert right / len(rows) > 0.9
    assert f"{right / len(rows):.1%}: {right} of 171 rows" in done.stdout

    for state in ("PrepareRun", "Preflight", "Transform"):
        assert f"state     {state}" in done.stdout
    assert "171 records in 1 file" in done.stdout
    assert "s3://" in done.stdout
    assert "case_id" in done.stdout
    assert "\x1b[" not in done.stdout
    recorded = (PICTURES / "run-light.svg").read_text()
    assert shape(shown(recorded)) == shape(done.stdout), "run: make pictures RECORD=1"


def test_another_filter_in_the_job_file_gives_other_columns(project: Project) -> None:
    project.edit_job("data_processing", output_filter="$[0,-2,-1]")
    done = project.run_example()
    assert done.returncode == 0, done.stdout + done.stderr
    [result] = (project.folder / "out/tumours").glob("*/tumours.csv.out")
    first = next(csv.reader(result.read_text().splitlines()))
    assert len(first) == 3
    assert 0 <= float(first[1]) <= 1
    assert "probability" in done.stdout


def test_a_run_may_override_the_filter(project: Project) -> None:
    done = project.run_example("--set", "data_processing.output_filter=$[-1]")
    assert done.returncode == 0, done.stdout + done.stderr
    [result] = (project.folder / "out/tumours").glob("*/tumours.csv.out")
    assert set(result.read_text().split()) == {"benign", "malignant"}
