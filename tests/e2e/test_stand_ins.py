"""Jobs whose model SageMaker has already, run with a stand-in: by name, behind an endpoint, or registered."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from batch_transform.scaffold.new_file import write_all_new
from batch_transform.scaffold.project_template import TEMPLATES

MODELS = {
    "existing": {"existing": "penguins-v1"},
    "endpoint": {"endpoint": "penguins-v1"},
    "package_group": {
        "package_group": "arn:aws:sagemaker:us-east-1:000000000000:model-package-group/penguins-v1",
        "role": "arn:aws:iam::000000000000:role/penguins",
    },
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_a_run_scores_with_what_stands_in_for_the_model(tmp_path: Path, model: dict[str, str]) -> None:
    project = tmp_path / "project"
    write_all_new(project, TEMPLATES["existing-model"].project("standing-in"))
    job_file = project / "jobs" / "penguins.yaml"
    job = yaml.safe_load(job_file.read_text())
    job_file.write_text(yaml.safe_dump(job | {"model": model}))
    command = [sys.executable, "-m", "batch_transform.cli.main", "run", "penguins", "--enforce-iam"]
    done = subprocess.run(
        [*command, "--input=data/penguins.csv", "--models=models.yaml"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "models/penguins stands in for penguins-v1" in done.stdout
    [result] = (project / "out" / "standing-in-penguins").glob("*/penguins.csv.out")
    species = {penguin: kind for penguin, _, kind in csv.reader(result.read_text().splitlines())}
    truth = dict(list(csv.reader((project / "data" / "penguins-truth.csv").read_text().splitlines()))[1:])
    assert species.keys() == truth.keys()
    assert sum(truth[penguin] == kind for penguin, kind in species.items()) == 67
