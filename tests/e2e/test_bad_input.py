"""Mistakes of users: each ends with one clear message, the right exit code, and nothing left behind."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from checks.processes import commands_in
from e2e.project_copy import Project
from patience import PATIENCE_SECONDS

HANGING_MODEL = """
import time
def model_fn(model_dir): return None
def input_fn(data, content_type): return data
def predict_fn(data, model): time.sleep(600)
def output_fn(prediction, accept): return "", accept
"""


@pytest.fixture(autouse=True)
def nothing_is_left(project: Project) -> Iterator[None]:
    """After each of these tests there is no process and no partial result left."""
    yield
    deadline = time.monotonic() + PATIENCE_SECONDS
    while commands_in(project.folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert commands_in(project.folder) == []
    assert not list(project.folder.glob("out/**/*.part"))


def write_model(project: Project, source: str) -> None:
    (project.folder / "build/tumours/code/inference.py").write_text(source)


def test_fails_on_a_job_file_with_an_unknown_field_and_an_impossible_value(project: Project) -> None:
    project.edit_job("transform", max_payload=200, instance_typ="ml.m5.large")
    done = project.run_example()
    assert done.returncode == 2
    assert "jobs/tumours.yaml:" in done.stderr
    assert "instance_typ" in done.stderr
    assert "did you mean" in done.stderr
    assert "100" in done.stderr
    assert "Traceback" not in done.stderr


def test_fails_on_broken_yaml(project: Project) -> None:
    project.job_file.write_text("name: tumours\n  model: [\n")
    done = project.run_example()
    assert done.returncode == 2
    assert "jobs/tumours.yaml:2:" in done.stderr
    assert "Traceback" not in done.stderr


def test_fails_on_a_job_that_is_not_there(project: Project) -> None:
    done = project.batch_transform("run", "tumors", "--input", "build/data/tumours.csv")
    assert done.returncode == 2
    assert "tumors" in done.stderr
    assert "tumours" in done.stderr


def test_fails_on_input_that_is_not_there(project: Project) -> None:
    done = project.batch_transform("run", "tumours", "--input", "none.csv")
    assert (done.returncode, "none.csv" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rows", "-1"), "--rows"),
        (("--port", "99999"), "--port"),
        (("--out", "app.py"), "--out"),
        (("--set", "transform.max_payload"), "NAME=VALUE"),
        (("--set", "=5"), "NAME=VALUE"),
        (("--set", "transform.max_payload=2026-01-01"), "max_payload"),
        (("--set", "transform.max_payload=abc"), "transform.max_payload"),
        (("--set", "data_processing.outputfilter=$[0]"), "output_filter"),
        (("--set", "input.data=s3://a/", "--set", "input.data=s3://b/"), "twice"),
        (("--truth", "none.csv"), "none.csv"),
    ],
)
def test_fails_on_a_wrong_option_before_anything_is_started(
    project: Project, arguments: tuple[str, ...], message: str
) -> None:
    done = project.batch_transform("run", "tumours", "--input", "build/data/tumours.csv", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "local AWS" not in done.stdout


def test_fails_when_there_is_nothing_to_score(project: Project) -> None:
    done = project.batch_transform("run", "tumours")
    assert (done.returncode, "--input" in done.stderr) == (2, True)


def test_fails_before_a_transform_job_when_the_input_is_empty(project: Project) -> None:
    (project.folder / "empty.csv").write_text("")
    done = project.batch_transform("run", "tumours", "--input", "empty.csv")
    assert done.returncode == 1
    assert "job tumours (jobs/tumours.yaml)" in done.stderr
    assert "empty" in done.stderr
    assert "state     Transform" not in done.stdout


def test_fails_with_the_file_and_the_models_words_when_the_model_refuses_a_row(project: Project) -> None:
    data = project.folder / "build/data/tumours.csv"
    data.write_text("case-x,not-a-number" + ",1" * 29 + "\n" + data.read_text())
    done = project.run_example()
    assert done.returncode == 1
    assert "job tumours (jobs/tumours.yaml)" in done.stderr
    assert "tumours/tumours.csv" in done.stderr
    assert "AlgorithmError" in done.stderr
    assert "not-a-number" in done.stderr
    assert [path.name for path in (project.folder / "out").rglob("*.out")] == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xef\xbb\xbfcase-1,2\n", "begins with a byte order mark (EF BB BF)"),
        ("case-1,2\n".encode("utf-16"), "is UTF-16 text"),
        (
            gzip.compress(b"case-1,2\n", mtime=0),
            "is gzip data (it begins with 1F 8B), but input.compression_type is None",
        ),
    ],
)
def test_fails_before_anything_starts_for_data_that_no_job_can_score(
    project: Project, content: bytes, problem: str
) -> None:
    data = project.folder / "data"
    data.mkdir()
    (data / "a.csv").write_bytes(b"case-1,2\n")
    (data / "b.csv").write_bytes(content)
    done = project.run_example("--input", "data")
    assert done.returncode == 2
    assert f"data/b.csv {problem}" in done.stderr
    assert "local AWS" not in done.stdout


def test_fails_when_the_models_server_does_not_start(project: Project) -> None:
    write_model(project, "raise RuntimeError('no such library')\n")
    done = project.run_example()
    assert done.returncode == 1
    assert "AlgorithmError: Model container failed to respond to ping" in done.stderr
    assert "no such library" in done.stderr


def test_fails_when_the_port_is_taken(project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = project.run_example("--port", str(port))
    assert done.returncode == 2
    assert str(port) in done.stderr


def test_ctrl_c_in_the_middle_ends_everything(project: Project) -> None:
    hangs = project.folder / "hangs"
    write_model(
        project, HANGING_MODEL.replace("time.sleep", f"open({str(hangs)!r}, 'w').close(); time.sleep")
    )
    arguments = project.command("run", "tumours", "--input", "build/data/tumours.csv")
    with subprocess.Popen(
        arguments,
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as running:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not hangs.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 130
    assert "Traceback" not in errors
    assert not (project.folder / "out").exists()
