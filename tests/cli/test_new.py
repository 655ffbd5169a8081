from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from batch_transform.cli.main import main
from batch_transform.job.files.job_file import load_job_file
from patience import PATIENCE_SECONDS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["new", *arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_a_job_file_is_written_and_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("churn", "--model", "churn-model", "--columns", "id, age,plan", "--id", "id") == 0
    assert load_job_file("jobs/churn.yaml").data_processing.keep == ("id", "prediction")
    assert "wrote jobs/churn.yaml" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main(["check"])
    assert caught.value.code == 0


def test_a_file_is_never_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "job.yaml").write_text("mine")
    assert exit_code("churn", "--model", "m", "--out", "job.yaml") == 2
    assert (folder / "job.yaml").read_text() == "mine"
    assert "already exists and is not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "NAME is required, because there is no terminal to ask for it on"),
        (["churn"], "--model is required, because there is no terminal to ask for it on"),
        (["bad_name", "--model", "m"], "error name-malformed: NAME: 'bad_name' is not allowed"),
        (
            ["churn", "--model", "m", "--columns", "a,b", "--id", "c"],
            "error name-unknown: --id: 'c' is not in",
        ),
        (
            ["churn", "--model", "m", "--columns", "sampel.csv"],
            "found no file sampel.csv; pass the path of a CSV",
        ),
        (["churn", "--model", "m", "--columns", "data/names"], "found no file data/names"),
        (
            ["churn", "--model", "s3://models/m.tar.gz", "--image", "sklearn"],
            "sklearn has several versions; choose one: --image sklearn:",
        ),
        (
            ["churn", "--model", "m", "--instance-type", "ml.m5.huge"],
            "error instance-type-unknown: --instance-type: ",
        ),
    ],
)
def test_fails_with_2_and_writes_nothing(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*arguments) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert ".yaml" not in printed
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_terminal_is_asked_for_what_is_missing(folder: Path) -> None:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "batch_transform.cli.main", "new"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=folder,
        env={**os.environ, "TERM": "dumb"},
    )
    os.close(follower)
    answers = [
        ("Name of the job", "churn"),
        ("Content type of a record", ""),
        ("the names, separated by commas", "id,age,plan"),
        ("to keep next to the answer", "id"),
        ("the name of a model in SageMaker", "churn-model"),
    ]
    seen = ""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if not select.select([leader], [], [], 0.2)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            seen += os.read(leader, 4096).decode()
        except OSError:  # on Linux: the other end of the terminal is closed
            break
        if answers and answers[0][0] in seen and seen.rstrip().endswith(":"):
            os.write(leader, f"{answers.pop(0)[1]}\n".encode())
            seen = ""
    assert process.wait(10) == 0, seen
    os.close(leader)
    assert answers == []
    spec = load_job_file(folder / "jobs" / "churn.yaml")
    assert (spec.input.content_type, spec.data_processing.send_except) == ("text/csv", ("id",))
