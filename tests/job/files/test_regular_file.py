from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from batch_transform.job.files.regular_file import kind_of, open_file, read_file
from patience import PATIENCE_SECONDS

MODULE = "batch_transform.cli.main"


def make(kind: str, path: Path) -> Path:
    """Make something other than a file at `path`; for a device, make a link to /dev/zero."""
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            here = Path.cwd()
            os.chdir(path.parent)  # the path of a socket must be short
            try:
                server.bind(path.name)
            finally:
                os.chdir(here)
    else:
        path.symlink_to("/dev/zero")
    return path


KINDS = {"fifo": "a named pipe (FIFO)", "folder": "a folder", "socket": "a socket", "device": "a device"}


@pytest.mark.parametrize("kind", KINDS)
def test_fails_for_anything_but_a_file_and_names_its_kind(tmp_path: Path, kind: str) -> None:
    path = make(kind, tmp_path / "odd")
    with pytest.raises(OSError, match=str(path)) as refused:
        read_file(path)
    assert refused.value.strerror == f"it is {KINDS[kind]}, not a regular file"
    assert kind_of(path) == (None if kind == "folder" else KINDS[kind])


def test_a_file_is_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1\r\n")
    (tmp_path / "link").symlink_to("file")
    assert read_file(tmp_path / "link") == b"1\r\n"
    with open_file(tmp_path / "link") as file:
        assert file.readline() == b"1\r\n"
    assert kind_of(tmp_path / "link") is None


def test_fails_with_the_usual_error_for_a_file_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none")
    assert kind_of(tmp_path / "none") is None


JOB = "name: churn\nmodel: {existing: m}\ninput: {content_type: text/csv}\n"
OWN = "name: own\nmodel: {source: model, image: my-image:1}\ninput: {content_type: text/csv}\n"
COMMANDS = {
    "check of a job file": ["check", "ODD"],
    "check of a folder with one": ["check", "jobs"],
    "explain": ["explain", "ODD"],
    "preview of a job file": ["preview", "ODD", "--answer", "1"],
    "preview of an input": ["preview", "churn.yaml", "--input", "ODD", "--answer", "1"],
    "preview with an answer": ["preview", "churn.yaml", "--input", "rows.csv", "--answer", "ODD"],
    "preview with images": ["preview", "own.yaml", "--input", "rows.csv", "--model", "--images", "ODD"],
    "run of a job file": ["run", "ODD"],
    "run of an input": ["run", "churn.yaml", "--input", "ODD"],
    "run with a truth": ["run", "churn.yaml", "--input", "rows.csv", "--truth", "ODD"],
    "start with overrides": ["start", "churn", "--overrides", "ODD"],
    "adopt of a request": ["adopt", "ODD"],
    "adopt of Python": ["adopt", "--from-sdk", "ODD"],
    "new with a sample": ["new", "x", "--model", "m", "--columns", "ODD"],
    "local AWS with images": ["local", "up", "--port=0", "--images", "ODD"],
    "local AWS with quotas": ["local", "up", "--port=0", "--quotas", "ODD"],
    "parity": ["parity", "--cases", "ODD"],
    "environments": ["check", "churn.yaml"],
}


@pytest.mark.parametrize("kind", ["fifo", "device"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_fails_at_once_for_anything_but_a_file(tmp_path: Path, command: str, kind: str) -> None:
    (tmp_path / "churn.yaml").write_text(JOB)
    (tmp_path / "own.yaml").write_text(OWN)
    (tmp_path / "model").mkdir()
    (tmp_path / "rows.csv").write_text("1,2\n")
    (tmp_path / "jobs").mkdir()
    odd = tmp_path / {
        "environments": "environments.yaml",
        "check of a folder with one": "jobs/odd.yaml",
    }.get(command, "odd.yaml")
    make(kind, odd)
    done = subprocess.run(
        [sys.executable, "-m", MODULE, *[word.replace("ODD", odd.name) for word in COMMANDS[command]]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert odd.name in done.stderr
    assert KINDS[kind] in done.stderr
    assert "Traceback" not in done.stderr
