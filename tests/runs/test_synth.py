from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_transform.job.errors import DataNotFoundError, SynthError
from batch_transform.runs.synth import app_environment, synthesise


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text("import sys; sys.exit('no template today')\n")
    (tmp_path / "cdk.json").write_text('{"context": {"flag": true}}')
    return tmp_path


def run_synth(project: Path) -> None:
    synthesise(project, jobs=project / "jobs", assembly=project / "cdk.out")


def test_fails_with_the_output_of_the_app(project: Path) -> None:
    with pytest.raises(SynthError, match=r"app\.py could not synthesize the template:\nno template today"):
        run_synth(project)


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_fails_for_a_missing_or_invalid_cdk_json(project: Path, text: str | None) -> None:
    (project / "cdk.json").unlink()
    if text is not None:
        (project / "cdk.json").write_text(text)
    with pytest.raises(
        DataNotFoundError,
        match=r"(has no cdk\.json: run this in the folder of a CDK app, or create one|cdk\.json is not a JSON object)",
    ):
        run_synth(project)


def test_fails_for_a_cdk_json_that_is_a_pipe(project: Path) -> None:
    (project / "cdk.json").unlink()
    os.mkfifo(project / "cdk.json")
    with pytest.raises(DataNotFoundError, match=r"it is a named pipe \(FIFO\)"):
        run_synth(project)


def test_fails_in_one_line_when_the_disk_is_full(project: Path) -> None:
    (project / "app.py").write_text(f"raise OSError(28, {os.strerror(28)!r})\n")
    with pytest.raises(
        SynthError, match=r"could not write the template to .*cdk\.out: No space left on device; free"
    ) as full:
        run_synth(project)
    assert len(str(full.value).splitlines()) == 1


def test_the_app_gets_no_aws_settings_from_the_users_environment(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    assert not [name for name in app_environment(project, {}) if name.startswith("AWS_")]


def test_the_jsii_cache_is_disabled_if_the_home_folder_is_read_only(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("JSII_RUNTIME")]:
        monkeypatch.delenv(name)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(
        "HOME", str(tmp_path / "file")
    )  # nobody, not even root, can create anything below a file
    assert app_environment(project, {})["JSII_RUNTIME_PACKAGE_CACHE"] == "disabled"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "JSII_RUNTIME_PACKAGE_CACHE" not in app_environment(project, {})
