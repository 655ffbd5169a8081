"""Several runs in one folder at the same time: each has the same results as if it ran alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from e2e.project_copy import PROJECT, Project
from patience import PATIENCE_SECONDS

FILTERS = {"both": "$[0,-1]", "ids": "$[0]", "predictions": "$[-1]"}
DATA = ("--input", "build/data/tumours.csv", "--rows", "0")


def started(project: Project, job: str, out: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        project.command("run", job, *DATA, "--out", out),
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def results(project: Project, out: str) -> list[list[str]]:
    """The lines of each result below the folder, in order."""
    return [path.read_text().splitlines() for path in sorted((project.folder / out).rglob("*.out"))]


def write_job(project: Project, file: str, **changes: object) -> None:
    job = yaml.safe_load(project.job_file.read_text())
    job["data_processing"]["output_filter"] = changes.pop("output_filter")
    (project.folder / "jobs" / file).write_text(yaml.safe_dump({**job, **changes}, sort_keys=False))


def test_runs_of_three_filters_at_once_each_give_their_own_results(project: Project) -> None:
    """The files differ in the filter alone: name, stack and folder are the same. One job has another name too."""
    for name, output_filter in FILTERS.items():
        write_job(project, f"{name}.yaml", output_filter=output_filter)
    write_job(project, "other.yaml", output_filter="$[0]", name="other")
    running = {name: started(project, f"jobs/{name}.yaml", f"out-{name}") for name in (*FILTERS, "other")}
    for name, run in running.items():
        output, _ = run.communicate(timeout=PATIENCE_SECONDS)
        assert run.returncode == 0, f"{name}: {output}"
    found = {name: results(project, f"out-{name}") for name in running}
    [ids], [predictions] = found["ids"], found["predictions"]
    assert len(set(ids)) == 171
    assert set(predictions) == {"benign", "malignant"}
    assert found["both"] == [
        [f"{case},{prediction}" for case, prediction in zip(ids, predictions, strict=True)]
    ]
    assert found["other"] == [ids]


def test_two_equal_runs_at_once_each_have_a_folder_of_their_own(project: Project) -> None:
    both = [started(project, "tumours", "out") for _ in range(2)]
    outputs = [run.communicate(timeout=PATIENCE_SECONDS)[0] for run in both]
    assert [run.returncode for run in both] == [0, 0], outputs
    one, other = results(project, "out")
    assert one == other
    assert not (project.folder / "build" / "cdk.out").exists()


EDITING_APP = """
import pathlib, runpy
job = pathlib.Path("jobs/tumours.yaml")
before = job.read_text()
job.write_text(before.replace('"$[0,-1]"', '"$[0]"'))
runpy.run_path("real_app.py", run_name="__main__")
if {undo}:
    job.write_text(before)
"""


@pytest.mark.parametrize("undo", [False, True], ids=["it stays", "it is undone"])
def test_fails_for_an_edit_between_the_check_and_the_template(project: Project, undo: bool) -> None:
    (project.folder / "app.py").rename(project.folder / "real_app.py")
    (project.folder / "app.py").write_text(EDITING_APP.format(undo=undo))
    done = project.batch_transform("run", "tumours", *DATA)
    assert done.returncode == 2, done.stdout
    assert "error: jobs/tumours.yaml changed while the template was being synthesized" in done.stderr
    assert not (project.folder / "out").exists()


def test_training_twice_at_once_gives_whole_files_at_any_time(tmp_path: Path) -> None:
    command = [sys.executable, str(PROJECT / "models/tumours/train.py"), str(tmp_path)]
    subprocess.run(command, check=True)
    expected = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    running = [subprocess.Popen(command, env=dict(os.environ)) for _ in range(2)]
    while any(run.poll() is None for run in running):
        found = {path: path.read_bytes() for path in expected}
        assert found == expected
    assert [run.returncode for run in running] == [0, 0]
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(expected)
