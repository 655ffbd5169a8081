from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from batch_transform.cli.extras import complete_packages, missing_packages, without_packages
from batch_transform.job.errors import MissingExtraError


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch-transform package whose metadata has these requirements."""
    folder = tmp_path / "batch_transform-9.9.9.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: batch-transform\nVersion: 9.9.9\n"
        "Requires-Dist: not-there-in-core\n"
        "Requires-Dist: click>=8; extra == 'local'\n"
        'Requires-Dist: not-there==1.5.33; extra == "local"\n'
        "Requires-Dist: not.there_either<3,>=2; extra == 'local'\n"
        "Requires-Dist: of-another-python; python_version < '3' and extra == 'local'\n"
        "Requires-Dist: not-there-in-cdk; extra == 'cdk'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_the_missing_packages_of_an_extra_come_from_the_metadata() -> None:
    assert missing_packages("local") == ["not-there", "not.there_either"]
    assert missing_packages("cdk") == ["not-there-in-cdk"]


@pytest.mark.parametrize("extra", ["cdk", "local"])
def test_no_packages_are_missing_here(extra: str) -> None:
    assert missing_packages(extra) == []


@pytest.fixture
def stand_in() -> click.Command:
    return without_packages("run", "Run a job.", {"cdk": ["aws-cdk-lib"], "local": ["a", "b", "c"]})


@pytest.mark.parametrize("arguments", [[], ["tumours", "--input", "a.csv"]])
def test_fails_with_what_to_install_for_any_arguments(stand_in: click.Command, arguments: list[str]) -> None:
    error = CliRunner().invoke(stand_in, arguments).exception
    assert isinstance(error, MissingExtraError)
    assert error.exit_code == 2
    assert str(error) == (
        "run needs packages that are not installed: aws-cdk-lib, a, b and 1 more; "
        "to install them: pip install 'batch-transform[cdk,local]'"
    )


@pytest.mark.parametrize(
    ("extras", "wanted"), [(["cdk", "local"], "'batch-transform[cdk,local]'"), ([], "'batch-transform'")]
)
def test_fails_for_a_package_of_which_a_part_is_missing(extras: list[str], wanted: str) -> None:
    with pytest.raises(MissingExtraError) as error, complete_packages("run", extras):
        importlib.import_module("click.no_such_part")
    assert str(error.value) == (
        "run can't be loaded, because an installed package is incomplete (No module named 'click.no_such_part'): "
        f"install it again with pip install --force-reinstall {wanted}"
    )


def test_a_mistake_in_our_own_imports_is_not_blamed_on_the_installation() -> None:
    with pytest.raises(ModuleNotFoundError), complete_packages("run", ["local"]):
        importlib.import_module("batch_transform.no_such_part")


def test_a_half_installed_extra_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "duckdb.py").write_text("import _no_such_library\n")
    done = subprocess.run(
        [sys.executable, "-m", "batch_transform.cli.main", "compare", "a", "b"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "can't be loaded, because an installed package is incomplete" in " ".join(done.stderr.split())


def test_the_help_says_what_to_install(stand_in: click.Command) -> None:
    done = CliRunner().invoke(stand_in, ["--help"])
    assert done.exit_code == 0
    assert "Run a job." in done.output
    assert "\n      pip install 'batch-transform[cdk,local]'\n" in done.output
