"""The command line `batch-transform`: its commands, and how each of them ends.

Exit codes: 0 done, 1 the run failed, 2 the input was wrong, 130 interrupted.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from batch_transform.cli.problem_report import report_problems
from batch_transform.spec.errors import BatchTransformError, ProblemsError

_INTERRUPTED = 130

# Command -> module, and the line that --help shows. A module has a click command with the command's name.
# It is imported when its command is called, so that `check` does not wait for what `run` needs.
_COMMANDS = {
    "check": ("batch_transform.cli.check", "Check job files and say what to mend."),
    "explain": ("batch_transform.cli.explain", "Say what a job does to the data, in words."),
    "preview": ("batch_transform.cli.preview", "Show what a job makes of the first records of an input."),
    "new": ("batch_transform.cli.new", "Write a first job file."),
    "adopt": ("batch_transform.cli.adopt", "Write the job file of a transform job that exists already."),
    "schema": ("batch_transform.cli.schema", "Print the JSON Schema of job files, for editors."),
    "run": ("batch_transform.cli.run", "Run a job on this machine, from the job file to the rows."),
    "start": ("batch_transform.cli.start", "Start a run of a deployed job, on AWS or on the local AWS."),
    "runs": ("batch_transform.cli.runs", "List the last runs of deployed jobs."),
    "show": ("batch_transform.cli.show", "Show one run of a deployed job, and why it failed."),
    "local": ("batch_transform.cli.local", "Run the local AWS by itself."),
    "parity": ("batch_transform.cli.parity", "Compare a SageMaker endpoint with what is known of AWS."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - a mistake in the table above
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="batch-transform")
def commands() -> None:
    """Amazon SageMaker Batch Transform jobs, on AWS and on this machine."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process with its exit code. The one place where errors become messages."""
    sys.exit(_exit_code(arguments))


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        result = commands.main(arguments, prog_name="batch-transform", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return _INTERRUPTED
    except ProblemsError as error:
        report_problems(error.problems)
        return error.exit_code
    except BatchTransformError as error:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
        return error.exit_code
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
