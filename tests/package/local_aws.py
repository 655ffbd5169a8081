"""The local AWS of a clean environment."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from package.clean import Environment


@contextmanager
def local_aws(environment: Environment, folder: Path) -> Iterator[dict[str, str]]:
    """Start `batch-transform local up`, and yield the variables that it prints for clients."""
    command = [str(environment.folder / "bin/batch-transform"), "local", "up", "--port", "0"]
    with subprocess.Popen(
        command, cwd=folder, env=environment.variables(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        variables: dict[str, str] = {}
        try:
            for printed in process.stdout:
                line = printed.strip()
                if line.startswith("export "):
                    name, _, value = line.removeprefix("export ").partition("=")
                    variables[name] = value
                if line.startswith("unset "):
                    break
            yield variables
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
