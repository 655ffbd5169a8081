"""Commands for deployed jobs, called in this process or as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from batch_transform.cli.main import main
from e2e.workflow_stack import Deployed


@dataclass(frozen=True)
class Done:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    def value(self, label: str) -> str:
        """Return the value that is printed after a label."""
        return next(line for line in self.out.splitlines() if line.split(" ")[0] == label).split(maxsplit=1)[
            1
        ]


Command = Callable[..., Done]


def commands(
    deployed: Deployed,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Return what runs a command in a folder, with the environment of the local AWS."""
    monkeypatch.chdir(folder)
    for name, value in deployed.aws.environment().items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *capsys.readouterr())

    return run


def program(deployed: Deployed, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command as a program of its own, to send it signals."""
    return subprocess.Popen(
        [sys.executable, "-m", "batch_transform.cli.main", *arguments],
        cwd=folder,
        env={**os.environ, **deployed.aws.environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
