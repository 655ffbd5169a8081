from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable

import click
import pytest

from batch_transform.cli.main import commands, main
from batch_transform.job.errors import PortInUseError, Problem, RunFailedError, RunInputError
from patience import PATIENCE_SECONDS


@pytest.fixture
def end_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], int]:
    """Run a command that raises, and return the exit code of the process."""

    def exit_code(error: BaseException) -> int:
        @click.command()
        def fail() -> None:
            raise error

        monkeypatch.setattr(commands, "get_command", lambda *_: fail)
        with pytest.raises(SystemExit) as caught:
            main(["fail"])
        assert isinstance(caught.value.code, int)
        return caught.value.code

    return exit_code


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in commands.list_commands(click.Context(commands)))


def test_help_groups_the_commands_by_what_people_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    deployed = out[out.index("Run deployed jobs:") : out.index("Use and verify the local AWS:")]
    names = [line.split()[0] for line in deployed.splitlines()[1:] if line.strip()]
    assert names == ["doctor", "upload", "start", "retry", "stop", "runs", "show", "fetch", "compare"]


def test_every_command_has_a_help_text() -> None:
    context = click.Context(commands)
    for name in commands.list_commands(context):
        command = commands.get_command(context, name)
        assert command is not None
        assert command.help


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("batch-transform, version ")


def test_fails_on_windows_before_anything_else_and_names_wsl(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr("signal.SIGHUP")
    with pytest.raises(SystemExit) as caught:
        main(["check"])
    assert caught.value.code == 1
    assert capsys.readouterr().err == (
        "error: batch-transform runs on Linux and macOS; on Windows, install and run it in the Windows Subsystem for "
        "Linux (WSL)\n"
    )


def test_fails_with_2_for_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["chekc"])
    assert caught.value.code == 2
    assert "No such command 'chekc'" in capsys.readouterr().err


def test_fails_with_the_errors_own_code_and_message(
    end_with: Callable[[BaseException], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert end_with(RunFailedError("the run ended FAILED")) == 1
    assert end_with(PortInUseError("port 4566 is taken")) == 2
    assert capsys.readouterr().err == "error: the run ended FAILED\nerror: port 4566 is taken\n"


def test_fails_with_every_problem_in_a_runs_input(
    end_with: Callable[[BaseException], int], capsys: pytest.CaptureFixture[str]
) -> None:
    problems = [
        Problem("a-code", "input.data", "is wrong"),
        Problem("b-code", "output.accept", "is wrong too"),
    ]
    assert end_with(RunInputError(problems)) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error a-code: input.data: is wrong",
        "error b-code: output.accept: is wrong too",
        "2 errors",
    ]


def test_an_interrupt_exits_with_130_and_one_line(
    end_with: Callable[[BaseException], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert end_with(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.strip() == "interrupted"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "out/x"),
            "out/x: No space left on device; free space on that disk",
        ),
        (
            OSError(errno.EROFS, "Read-only file system", "jobs/x.yaml"),
            "jobs/x.yaml: Read-only file system; use a folder that you can write to",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "data/x"),
            "data/x: Permission denied; change its permissions, or use another path",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "standard output, this folder, or the one for temporary files (/my-tmp, TMPDIR): No",
        ),
        (
            FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
            "no folder for temporary files",
        ),
    ],
    ids=lambda one: str(one)[:30],
)
def test_fails_in_one_line_for_errors_caused_by_the_machine(
    end_with: Callable[[BaseException], int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
    line: str,
) -> None:
    monkeypatch.setenv("TMPDIR", "/my-tmp")
    assert end_with(error) == 1
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: {line}")
    assert len(printed.splitlines()) == 1


def test_an_error_caused_by_a_bug_keeps_its_traceback(
    end_with: Callable[[BaseException], int],
) -> None:
    with pytest.raises(NotADirectoryError):
        end_with(NotADirectoryError(errno.ENOTDIR, "Not a directory", "x"))


@pytest.mark.parametrize(
    ("dropped", "code"), [("KeyboardInterrupt", 130), ("main._EndedBySignal(signal.SIGTERM)", 143)]
)
def test_a_signal_that_comes_while_an_object_is_destroyed_is_not_lost(dropped: str, code: int) -> None:
    program = f"""
import signal, time
from batch_transform.cli import main

class Destroyed:
    def __del__(self):
        raise {dropped}

def command(arguments, **options):
    Destroyed()
    time.sleep({PATIENCE_SECONDS})

main.commands.main = command
main.main([])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "interrupted\n")
