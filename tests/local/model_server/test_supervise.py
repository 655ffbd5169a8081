from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from batch_transform.local.model_server import supervise
from checks.processes import is_running


def start(code: str) -> subprocess.Popen[str]:
    """Supervise a Python program; it lives as long as the test keeps the pipe open."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", supervise.__file__, sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def pids(process: subprocess.Popen[str]) -> list[int]:
    assert process.stdout is not None
    return [int(pid) for pid in process.stdout.readline().split()]


TREE = """
import os, signal, subprocess, sys, time
{first}
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(3600)
"""


@pytest.mark.parametrize("first", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"])
def test_the_whole_group_ends_when_the_pipe_does(until: Callable[..., None], first: str) -> None:
    with start(TREE.format(first=first)) as process:
        running = [process.pid, *pids(process)]
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        until(lambda: not any(is_running(pid) for pid in running))


def test_processes_left_behind_by_a_command_end_with_it(until: Callable[..., None]) -> None:
    without_the_wait = TREE.format(first="").rpartition("time.sleep")[0]
    with start(without_the_wait) as process:
        command, left_behind = pids(process)
        until(lambda: not is_running(command) and not is_running(left_behind))


@pytest.mark.parametrize(
    ("code", "exit_code"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_the_exit_code_is_the_commands(code: str, exit_code: int) -> None:
    with start(code) as process:
        assert process.wait(10) == exit_code


def test_fails_with_one_line_when_the_command_does_not_exist() -> None:
    command = [sys.executable, "-I", "-S", supervise.__file__, "/no/such/serve"]
    ended = subprocess.run(
        command, input="", capture_output=True, text=True, check=False, start_new_session=True
    )
    assert ended.returncode == 127
    assert (
        ended.stderr
        == "the command cannot be started: [Errno 2] No such file or directory: '/no/such/serve'\n"
    )
