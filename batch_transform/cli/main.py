"""The `batch-transform` command: its subcommands and its exit codes.

Exit codes: 0 success, 1 the run failed, 2 invalid input, 130 interrupted, 143 terminated by SIGTERM.
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

import click

from batch_transform.cli.extras import complete_packages, missing_packages, without_packages
from batch_transform.cli.problem_report import report_problems
from batch_transform.job.errors import BatchTransformError, ProblemsError
from batch_transform.local.proxies import without_proxy

_INTERRUPTED = 130

# Groups of --help: command -> module, the line in --help, and the extras that it needs. Each module has a click
# command with that name, and is imported only when its command is called, so that `check` doesn't wait for the imports
# of `run`.
_GROUPS: dict[str, dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "Write jobs": {
        "init": ("batch_transform.cli.init", "Create a project, or add a job to a CDK app.", ()),
        "new": ("batch_transform.cli.new", "Write a new job file.", ()),
        "adopt": ("batch_transform.cli.adopt", "Write a job file for an existing transform job.", ()),
        "check": ("batch_transform.cli.check", "Check job files, and say how to fix each problem.", ()),
        "explain": (
            "batch_transform.cli.explain",
            "Explain in words what a job does, and what it costs.",
            (),
        ),
        "schema": ("batch_transform.cli.schema", "Print the JSON Schema of job files, for editors.", ()),
    },
    "Run jobs on this machine": {
        "preview": (
            "batch_transform.cli.preview",
            "Show what a job does with the first records of an input.",
            ("local",),
        ),
        "run": (
            "batch_transform.cli.run",
            "Run a job on this machine, from job file to results.",
            ("cdk", "local"),
        ),
    },
    "Run deployed jobs": {
        "doctor": (
            "batch_transform.cli.doctor",
            "Check an account for what would stop the first deployment or run.",
            (),
        ),
        "upload": ("batch_transform.cli.upload", "Upload files to the input of a deployed job.", ()),
        "start": ("batch_transform.cli.start", "Start a run, and say what it will cost.", ()),
        "retry": ("batch_transform.cli.retry", "Score what a run has left without a result.", ()),
        "stop": ("batch_transform.cli.stop", "Stop runs, with their transform jobs.", ()),
        "runs": ("batch_transform.cli.runs", "List recent runs, and what they cost.", ()),
        "show": ("batch_transform.cli.show", "Show the details of a run, and why it failed.", ()),
        "fetch": ("batch_transform.cli.fetch", "Download the results of a run.", ()),
        "compare": (
            "batch_transform.cli.compare",
            "Compare two runs, and their predictions row by row.",
            ("compare",),
        ),
    },
    "Use and verify the local AWS": {
        "local": ("batch_transform.cli.local", "Run the local AWS on its own.", ("local",)),
        "parity": (
            "batch_transform.cli.parity",
            "Compare AWS with the local AWS, and with what is known of AWS.",
            ("local",),
        ),
    },
}
_COMMANDS = {name: command for group in _GROUPS.values() for name, command in group.items()}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, text, extras = _COMMANDS[cmd_name]
        if missing := {extra: names for extra in extras if (names := missing_packages(extra))}:
            return without_packages(cmd_name, text, missing)
        with complete_packages(cmd_name, extras):
            command = getattr(importlib.import_module(module), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - a mistake in the table above
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, _COMMANDS))
        for title, group in _GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, (_, text, _) in group.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="batch-transform")
def commands() -> None:
    """Run Amazon SageMaker Batch Transform jobs, on AWS and on this machine."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its exit code. This is the only place where errors become messages."""
    if sys.platform == "win32":
        _say_error(
            "batch-transform runs on Linux and macOS; on Windows, install and run it in the Windows Subsystem for "
            "Linux (WSL)"
        )
        sys.exit(BatchTransformError.exit_code)
    # services on this machine are not behind a proxy; the programs we start inherit these variables
    os.environ.update(without_proxy(os.environ))
    for number in (signal.SIGTERM, signal.SIGHUP):
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(number) is signal.SIG_DFL
        ):
            signal.signal(number, _end)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _interrupt_again
    sys.exit(_exit_code(arguments))


def _interrupt_again(lost: sys.UnraisableHookArgs) -> None:
    """Repeat a signal whose exception Python dropped, since it came while an object was being destroyed."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    number = getattr(lost.exc_value, "number", signal.SIGINT)
    # From another thread, a moment later: here, it would be dropped again.
    again = threading.Timer(0.01, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()


class _EndedBySignal(KeyboardInterrupt):
    """Another process has terminated the command, which then cleans up as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.exit_code = 128 + number
        super().__init__()


def _end(number: int, _frame: object) -> NoReturn:
    raise _EndedBySignal(number)


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        result = commands.main(arguments, prog_name="batch-transform", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        click.echo("interrupted", err=True)
        cause = error.__cause__ or error
        return cause.exit_code if isinstance(cause, _EndedBySignal) else _INTERRUPTED
    except ProblemsError as error:
        report_problems(error.problems)
        return error.exit_code
    except BatchTransformError as error:
        _say_error(str(error))
        return error.exit_code
    except OSError as error:
        if (text := _machine_at_fault(error)) is None:
            raise
        _say_error(text)
        return BatchTransformError.exit_code
    return result if isinstance(result, int) else 0


def _say_error(text: str) -> None:
    click.echo(f"{click.style('error:', fg='red', bold=True)} {text}", err=True)


_FIXES = {
    errno.ENOSPC: "free space on that disk",
    errno.EDQUOT: "free space within your quota",
    errno.EFBIG: "use a disk that allows files of this size, or raise the limit (ulimit -f)",
    errno.EROFS: "use a folder that you can write to",
    errno.EACCES: "change its permissions, or use another path",
    errno.EPERM: "change its permissions, or use another path",
    errno.EIO: "use another disk, because this one reported an error",
    errno.EMFILE: "raise the limit of open files (ulimit -n 4096)",
    errno.ENFILE: "close other programs, because the system has too many open files",
    errno.ENOMEM: "close other programs to free memory",
    errno.EAGAIN: "close other programs, or raise the limit of processes (ulimit -u)",
}
"""Errors caused by the machine, each with its fix. Any other OSError is a bug in this program."""


def _machine_at_fault(error: OSError) -> str | None:
    """Return a line with the fix if the machine caused the error; None for any other error."""
    if "No usable temporary directory" in str(error):
        return "no folder for temporary files is writable; set TMPDIR to one that is"
    if error.errno not in _FIXES:
        return None
    temporary = os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - only shown
    place = (
        error.filename
        or f"standard output, this folder, or the one for temporary files ({temporary}, TMPDIR)"
    )
    return f"{place}: {error.strerror}; {_FIXES[error.errno]}"


if __name__ == "__main__":
    main()
