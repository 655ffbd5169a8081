"""The PyTorch example, as its README says, and the project of `batch-transform init --template pytorch`."""

from __future__ import annotations

import csv
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.new_project import require_it_runs_and_tests_as_its_readme_shows
from e2e.project_copy import PROJECT, Project

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None,
    reason="needs PyTorch (190 MB and more): python tools/dependencies.py install --group frameworks",
)


def test_a_pytorch_model_names_the_cultivar_of_each_wine(project: Project) -> None:
    build = project.folder / "build"
    subprocess.run([sys.executable, str(PROJECT / "models/wines/train.py"), str(build)], check=True)
    project.job_file.unlink()
    shutil.copy(PROJECT / "models/wines/wines.yaml", project.folder / "jobs")
    data = ("--input", "build/data/wines.csv", "--truth", "build/data/wines-truth.csv")
    done = project.batch_transform("run", "wines", "--enforce-iam", *data)
    assert done.returncode == 0, done.stdout + done.stderr
    [result] = (project.folder / "out/wines").glob("*/wines.csv.out")
    rows = list(csv.reader(result.read_text().splitlines()))
    truth = dict(list(csv.reader((build / "data/wines-truth.csv").read_text().splitlines()))[1:])
    assert {row[0] for row in rows} == set(truth)
    assert all(0.3 < float(probability) <= 1 for _, probability, _ in rows)
    right = sum(truth[wine] == cultivar for wine, _, cultivar in rows)
    assert right / len(rows) > 0.9


def test_a_new_project_with_pytorch_runs_and_its_test_passes(tmp_path: Path) -> None:
    require_it_runs_and_tests_as_its_readme_shows("pytorch", tmp_path / "project")
