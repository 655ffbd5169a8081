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
