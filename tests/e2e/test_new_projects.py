"""The projects that `batch-transform init` writes; the one with PyTorch is in test_pytorch_example.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.new_project import require_it_runs_and_tests_as_its_readme_shows


@pytest.mark.parametrize("template", ["scikit-learn", "existing-model", "own-container"])
def test_a_project_runs_and_its_test_passes(tmp_path: Path, template: str) -> None:
    require_it_runs_and_tests_as_its_readme_shows(template, tmp_path / "project")
