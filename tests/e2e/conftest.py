"""End-to-end tests, each in a project folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.example_model import example_model_in
from e2e.project_copy import PROJECT, Project


@pytest.fixture(scope="session")
def example_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained example model and its data, in a separate folder; those of `make model` if it has run."""
    return example_model_in(tmp_path_factory.mktemp("build"))


@pytest.fixture
def project(tmp_path: Path, example_model: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    for name in (
        "app.py",
        "cdk.json",
        "lambda",
        "constructs_lib",
        "stacks",
        "batch_transform",
        "batch_transform_nag",
    ):
        (folder / name).symlink_to(PROJECT / name)
    shutil.copytree(PROJECT / "jobs", folder / "jobs")
    shutil.copyfile(PROJECT / "environments.yaml", folder / "environments.yaml")
    shutil.copytree(example_model, folder / "build")
    return Project(folder)
