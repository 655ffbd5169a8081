"""Runs a command until it ends, or until standard input ends; then the whole process group is killed.

    python -I -S supervise.py COMMAND ARGUMENT...

This program's standard input is a pipe from the local AWS. The pipe ends when the local AWS does, even by SIGKILL, so
no model server outlives it. The program imports only the standard library, and starts in its own session: Ctrl-C in
the terminal does not reach it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 2.0


def main(command: list[str]) -> int:
    """Run the command in this process group and return its exit code."""
    if os.getpgid(0) != os.getpid():
        os.setsid()  # the group that is killed must not have other members
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # SIGTERM to the group is meant for the command
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            preexec_fn=_heed_sigterm,  # noqa: PLW1509  # no threads have been started
        )
    except OSError as error:
        sys.stderr.write(f"the command cannot be started: {error}\n")
        return 127
    threading.Thread(target=_wait_for_end_of_input, args=(child,), daemon=True).start()
    return child.wait()


def _heed_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _wait_for_end_of_input(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)  # this process too


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # processes that the command left behind end with it
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    sys.exit(code if code >= 0 else 128 - code)
