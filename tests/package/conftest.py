"""Clean environments with batch-transform from its wheels, as users install it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from package.clean import OLDEST_PYTHON, CleanEnvironment, Distributions, Environment, Wheel, Workshop
from package.wheelhouse import WHEELHOUSE, is_filled


@pytest.fixture(scope="session")
def wheelhouse() -> Path:
    """The folder with all packages for environments."""
    if not is_filled():
        pytest.skip("needs packages to install (450 MB): tests/package/prepare")
    return WHEELHOUSE


@pytest.fixture(scope="session")
def workshop(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    assert wheelhouse.is_dir()
    base = tmp_path_factory.getbasetemp()
    # each worker of pytest-xdist has a folder, and they share its parent
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "package"
    folder.mkdir(exist_ok=True)
    return Workshop(folder)


@pytest.fixture(scope="session")
def distributions(workshop: Workshop) -> Distributions:
    return workshop.distributions()


@pytest.fixture(scope="session")
def clean_environment(workshop: Workshop, distributions: Distributions) -> CleanEnvironment:
    def make(
        *extras: Literal["cdk", "local"],
        wheel: Wheel = "pure",
        versions: str = "newest",
        packages: Sequence[str] = (),
    ) -> Environment:
        if versions.startswith("oldest") and sys.version_info[:2] != OLDEST_PYTHON:
            pytest.skip("the oldest versions have wheels for Python 3.11 only")
        return workshop.environment(
            sorted(extras), wheel=getattr(distributions, wheel), versions=versions, packages=sorted(packages)
        )

    return make
