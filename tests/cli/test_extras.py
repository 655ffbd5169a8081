from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from batch_transform.cli.extras import missing_packages, without_packages
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


def test_the_help_says_what_to_install(stand_in: click.Command) -> None:
    done = CliRunner().invoke(stand_in, ["--help"])
    assert done.exit_code == 0
    assert "Run a job." in done.output
    assert "\n      pip install 'batch-transform[cdk,local]'\n" in done.output
