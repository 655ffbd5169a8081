"""Faults of the machine during a run: each ends with one clear message, and nothing is lost or left behind silently."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from checks.processes import child, commands_with
from e2e.project_copy import Project
from e2e.sleeper import SLEEPER, write_sleeper
from patience import PATIENCE_SECONDS

DATA = ("--input", "build/data/tumours.csv", "--rows", "0")
TRANSFORM = "state     Transform"
STAYS = {"node-compile-cache"}
"""What Node keeps of one start for the next."""


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The folder for the temporary files of one test's runs, which shows everything that they leave."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def slow(project: Project) -> Project:
    """A project whose job `slow` takes half a minute to answer."""
    write_sleeper(project.folder)
    job = {
        "name": "slow",
        "model": SLEEPER,
        "input": {"content_type": "text/csv"},
        "transform": {"instance_type": "ml.m5.large"},
    }
    (project.folder / "jobs" / "slow.yaml").write_text(yaml.safe_dump(job, sort_keys=False))
    (project.folder / "slow.csv").write_text("30,1\n")
    return project


@contextmanager
def running(project: Project, temporary: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command in a process group of its own, as a shell starts it for a terminal."""
    with subprocess.Popen(
        project.command(*arguments),
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def until_line(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout
    for line in process.stdout:
        if word in line:
            return
    raise AssertionError(f"it never printed {word}: {process.stderr and process.stderr.read()}")


def until_gone(temporary: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while commands_with("TMPDIR", str(temporary)):
        assert time.monotonic() < deadline, commands_with("TMPDIR", str(temporary))
        time.sleep(0.2)


def left_in(temporary: Path) -> set[str]:
    return {path.name for path in temporary.iterdir()} - STAYS


def test_fails_in_one_line_with_the_log_when_the_local_aws_is_killed_in_the_middle(
    slow: Project, temporary: Path
) -> None:
    with running(slow, temporary, "run", "slow", "--input", "slow.csv") as run:
        until_line(run, TRANSFORM)
        server = child(run.pid, "batch_transform.local.server")
        os.kill(server, signal.SIGKILL)
        _, errors = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == 1
    assert len(errors.splitlines()) == 1, errors
    assert errors.startswith("error: the local AWS ended before the program that uses it, by SIGKILL")
    log = re.search(r"its log: (\S+)$", errors)
    assert log
    assert Path(log[1]).is_file()
    until_gone(temporary)
    assert left_in(temporary) == {Path(log[1]).name}


MOMENTS = ["", "synth", "local AWS", "deploy", TRANSFORM]


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        *((signal.SIGINT, 130, word) for word in MOMENTS),
        *((signal.SIGTERM, 143, word) for word in ("", TRANSFORM)),
        (signal.SIGHUP, 129, "local AWS"),
    ],
    ids=str,
)
def test_a_signal_at_any_moment_leaves_no_process_and_no_folder(
    slow: Project, temporary: Path, word: str, number: signal.Signals, code: int
) -> None:
    with running(slow, temporary, "run", "slow", "--input", "slow.csv") as run:
        if word:
            until_line(run, word)
            time.sleep(0.2)  # into the step that the line announces; any moment will do
        else:
            while not list(temporary.glob("batch-transform-*/*.lock")):
                time.sleep(0.01)
        if number == signal.SIGINT:
            os.killpg(run.pid, number)  # as Ctrl-C does
        else:
            run.send_signal(number)
        _, errors = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == code, errors
    assert "Traceback" not in errors
    assert errors.splitlines()[-1] == "interrupted"
    until_gone(temporary)
    assert left_in(temporary) == set()
    assert not (slow.folder / "out").exists()


def test_what_a_killed_run_leaves_is_removed_at_the_next_start_and_nothing_of_one_that_lives(
    slow: Project, temporary: Path
) -> None:
    with running(slow, temporary, "run", "slow", "--input", "slow.csv") as lives:
        until_line(lives, TRANSFORM)
        of_the_living = left_in(temporary)
        with running(slow, temporary, "run", "slow", "--input", "slow.csv") as killed:
            until_line(killed, "deploy")
            killed.kill()
            killed.communicate()
        assert left_in(temporary) > of_the_living
        deadline = time.monotonic() + PATIENCE_SECONDS
        while left_in(temporary) != of_the_living:  # the killed run's own local AWS ends meanwhile
            assert time.monotonic() < deadline
            with running(slow, temporary, "run", "slow", "--input", "slow.csv") as next_run:
                until_line(next_run, "synth")
                os.killpg(next_run.pid, signal.SIGINT)
                next_run.communicate(timeout=PATIENCE_SECONDS)
        os.killpg(lives.pid, signal.SIGINT)
        lives.communicate(timeout=PATIENCE_SECONDS)
        assert lives.returncode == 130
    assert left_in(temporary) == set()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that has room for a few pages only."""
    folder = tmp_path / "small"
    folder.mkdir()
    if not Path("/bin/mount").exists():
        pytest.skip("a small disk takes a mount, and there is no such program here")
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk takes a mount, which is not allowed here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True)


def test_results_for_which_the_disk_has_no_room_are_kept_elsewhere_and_named(
    project: Project, temporary: Path, small_disk: Path
) -> None:
    with suppress(OSError), (small_disk / "fill").open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)
    with running(project, temporary, "run", "tumours", *DATA, "--out", str(small_disk / "out")) as run:
        output, errors = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == 1, output
    assert len(errors.splitlines()) == 1, errors
    found = re.fullmatch(
        rf"error: {small_disk}/out/tumours/\S+: No space left on device; all results are in (\S+) "
        r"instead; free space, and move them from there\n",
        errors,
    )
    assert found, errors
    assert len((Path(found[1]) / "tumours.csv.out").read_text().splitlines()) == 171
    left = {path.name for path in small_disk.rglob("*") if path.is_file()}
    assert left <= {"fill", "_bad_records.jsonl"}, (
        "only a file without a byte fits, and no mark of a complete result"
    )


def test_fails_in_one_line_when_the_disk_for_temporary_files_is_full(
    project: Project, small_disk: Path
) -> None:
    with running(project, small_disk, "run", "tumours", *DATA) as run:
        _, errors = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == 1
    assert len(errors.splitlines()) == 1, errors
    assert re.match(
        f"error: python3 app.py could not write the template to {small_disk}/.*: No space left on device",
        errors,
    )


def test_fails_before_anything_starts_where_the_results_could_not_be_written(
    project: Project, tmp_path: Path, small_disk: Path
) -> None:
    subprocess.run(["/bin/mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = project.batch_transform("run", "tumours", *DATA, "--out", str(small_disk / "out"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "the folder is not writable; choose another folder for the results with --out" in done.stderr
    (project.folder / "home").symlink_to(small_disk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(small_disk))
        assert project.batch_transform("run", "tumours", *DATA).returncode == 0


NO_PROXY_HERE = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
ODD_AWS = {
    "AWS_PROFILE": "nowhere",
    "AWS_DEFAULT_REGION": "odd region",
    "AWS_REGION": "odd",
    "AWS_CA_BUNDLE": "/nowhere",
    "AWS_RETRY_MODE": "odd",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_DEFAULTS_MODE": "odd",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_ENDPOINT_URL": "http://nowhere.invalid",
    "AWS_ENDPOINT_URL_S3": "http://nowhere.invalid",
    "AWS_ACCESS_KEY_ID": "",
}


def test_proxies_and_the_persons_aws_settings_do_not_matter_to_a_run(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[profile x\nbroken")
    settings = {**NO_PROXY_HERE, **ODD_AWS}
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        settings[name] = str(tmp_path / "config")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    done = project.batch_transform("run", "tumours", "--enforce-iam", *DATA)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_start_leaves_the_proxy_out_for_a_local_aws_and_takes_it_for_the_real_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def answer() -> None:
            while True:
                try:
                    connection, _ = proxy.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(1000).decode().splitlines()[0])
                    connection.sendall(
                        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    )

        threading.Thread(target=answer, daemon=True).start()
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            local = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        for name, value in {
            "HTTP_PROXY": f"http://127.0.0.1:{proxy.getsockname()[1]}",
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy.getsockname()[1]}",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_MAX_ATTEMPTS": "1",
        }.items():
            monkeypatch.setenv(name, value)
        done = project.batch_transform("start", "tumours")
        assert (done.returncode, asked) == (
            2,
            ["CONNECT cloudformation.eu-west-1.amazonaws.com:443 HTTP/1.0"],
        ), done
        asked.clear()
        monkeypatch.setenv("AWS_ENDPOINT_URL", local)
        done = project.batch_transform("start", "tumours")
        assert (done.returncode, asked) == (2, [])
        assert f'Could not connect to the endpoint URL: "{local}/"' in done.stderr
    assert "Traceback" not in done.stderr
