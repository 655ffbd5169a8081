from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest

from batch_transform.cli.main import main
from patience import PATIENCE_SECONDS

GOOD = "name: demo\nmodel: {existing: demo-model}\n"
BAD = f"{GOOD}transform:\n  max_payload: 200\n"
RISKY = f"{GOOD}transform: {{strategy: SingleRecord}}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with an empty folder for jobs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    return tmp_path


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["check", *arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_valid_files_exit_with_0_and_a_count(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "jobs" / "a.yaml").write_text(GOOD)
    (folder / "jobs" / "b.yml").write_text(GOOD.replace("demo", "other"))
    (folder / "jobs" / "notes.txt").write_text("no job")
    assert exit_code() == 0
    assert capsys.readouterr() == ("2 job files checked, no errors\n", "")


def test_fails_with_2_and_a_line_for_each_problem(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "jobs" / "a.yaml").write_text(BAD)
    (folder / "jobs" / "b.yaml").write_text(RISKY.replace("demo", "other"))
    assert exit_code() == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "jobs/a.yaml:4:16: error max-payload-too-large: transform.max_payload: "
        "200 is too large; write a number from 0 to 100",
        "jobs/b.yaml:3:23: warning strategy-needs-split: transform.strategy: SingleRecord has no effect while "
        "input.split_type is None, since each object is one request; write input.split_type: Line, or leave "
        "the strategy out",
        "1 error and 1 warning in 2 files",
    ]


ENVIRONMENTS = "environments: {prod: {}, dev: {prefix: development-of-the-team-}}\n"


def test_fails_for_a_name_that_is_too_long_with_an_environments_prefix(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "jobs" / "a.yaml").write_text(GOOD.replace("demo", "churn-nightly", 1))
    (folder / "environments.yaml").write_text(ENVIRONMENTS)
    assert exit_code() == 2
    assert "jobs/a.yaml:1:7: error name-too-long: name: in the environment dev: " in capsys.readouterr().err


def test_fails_for_an_invalid_environment(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "jobs" / "a.yaml").write_text(GOOD)
    (folder / "environments.yaml").write_text(ENVIRONMENTS.replace("prefix:", "prefx:"))
    assert exit_code() == 2
    printed = capsys.readouterr().err
    assert (
        "environments.yaml:1:32: error unknown-field: environments.dev.prefx: there is no such field"
        in printed
    )
    assert "did you mean prefix?" in printed


def test_warnings_are_shown_and_exit_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "jobs" / "a.yaml").write_text(RISKY)
    assert exit_code() == 0
    out, err = capsys.readouterr()
    assert out == "1 job file checked, no errors\n"
    assert err.splitlines()[-1] == "1 warning in 1 file"


def test_files_and_folders_can_be_given_and_are_read_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "jobs" / "a.yaml").write_text(GOOD)
    (folder / "b.yaml").write_text(GOOD.replace("demo", "other"))
    assert exit_code("jobs", "jobs/a.yaml", "b.yaml") == 0
    assert capsys.readouterr().out == "2 job files checked, no errors\n"


def test_the_output_can_be_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "jobs" / "a.yaml").write_text(BAD)
    assert exit_code("--json") == 2
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out) == {
        "files": 1,
        "errors": 1,
        "warnings": 0,
        "problems": [
            {
                "code": "max-payload-too-large",
                "field": "transform.max_payload",
                "message": "200 is too large; write a number from 0 to 100",
                "severity": "error",
                "path": "jobs/a.yaml",
                "line": 4,
                "column": 16,
            }
        ],
    }


def test_json_for_valid_files_exits_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "jobs" / "a.yaml").write_text(GOOD)
    assert exit_code("--json") == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []


def test_fails_for_a_file_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("nowhere.yaml") == 2
    assert capsys.readouterr().err.startswith("nowhere.yaml:1:1: error file-not-found: ")


def test_fails_for_a_folder_without_job_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code() == 2
    assert capsys.readouterr().err == "error: jobs has no *.yaml files; name a folder or a file with jobs\n"


def test_fails_without_a_folder_for_jobs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "jobs").rmdir()
    assert exit_code() == 2
    assert capsys.readouterr().err == (
        "error: there is neither a jobs folder nor a cdk.json here; run this in the project's folder, or name the job "
        "files to check\n"
    )


def test_a_terminal_shows_the_line_with_a_caret(folder: Path) -> None:
    (folder / "jobs" / "a.yaml").write_text(f"# Ä\n{BAD}")
    screen = _on_a_terminal(folder)
    assert "    5 |   max_payload: 200\r\n      |                ^\r\n" in screen
    assert all(len(line) <= 80 for line in screen.splitlines())


def test_a_terminal_gets_no_control_characters_from_a_file(folder: Path) -> None:
    (folder / "jobs" / "a.yaml").write_text(f"{GOOD}tags: {{a: \x1b[2J}}\n")
    assert "tags: {a: ?[2J}" in _on_a_terminal(folder)


def test_a_message_has_no_control_characters(folder: Path) -> None:
    (folder / "jobs" / "a.yaml").write_text(f'{GOOD}input: {{split_type: "\\e[2J"}}\n')
    assert "split-type-unknown: input.split_type: '\\x1b[2J' is" in _on_a_terminal(folder)


def _on_a_terminal(folder: Path) -> str:
    """Return what `check` shows on a terminal of 80 columns, without colours."""
    master, slave = pty.openpty()
    environment = os.environ | {"COLUMNS": "80", "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "batch_transform.cli.main", "check"],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:
        pass  # on Linux: the other end of the terminal is closed
    finally:
        os.close(master)
        process.wait(timeout=PATIENCE_SECONDS)
    return click.unstyle(shown.decode())


def test_check_does_not_import_what_it_does_not_need() -> None:
    source = (
        "import sys; import batch_transform.cli.check, batch_transform.cli.main; "
        "print([name for name in ('aws_cdk', 'boto3', 'rich', 'ministack', 'numpy') if name in sys.modules])"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    loaded = subprocess.run(
        [sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "[]\n"
