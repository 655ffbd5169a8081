"""Starts the processes of workers: as forks of a program with boto3 imported, if that makes no difference to them."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from batch_transform.local.emulator import forked_worker
from batch_transform.local.emulator.forked_worker import LENGTH, receive


class ForkedProcess:
    """A worker that another process has started, with the members of subprocess.Popen that the emulator uses."""

    def __init__(
        self, pid: int, process: int | None, stdin: IO[str], stdout: IO[str], stderr: IO[str]
    ) -> None:
        """`process` is a descriptor of the process, or None if it has already ended."""
        self.pid = pid
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self.returncode: int | None = None
        self._process = process
        self._lock = threading.Lock()
        if process is None:
            self.returncode = -1

    def poll(self) -> int | None:
        """Return None while it runs, and then -1: its exit code goes to the process that started it."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return once it has ended; raise subprocess.TimeoutExpired after `timeout` seconds."""
        code = self._wait(None if timeout is None else max(0.0, timeout) * 1000)
        if code is None:
            raise subprocess.TimeoutExpired("a worker", timeout or 0)
        return code

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._signal(signal.SIGKILL)

    def _wait(self, milliseconds: float | None) -> int | None:
        with self._lock:
            if self._process is None:
                return self.returncode
            ended = select.poll()
            ended.register(self._process, select.POLLIN)
            if ended.poll(milliseconds):
                os.close(self._process)
                self._process, self.returncode = None, -1
            return self.returncode

    def _signal(self, number: int) -> None:
        with self._lock:
            if sys.platform == "linux" and self._process is not None:  # elsewhere there is no fork
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    signal.pidfd_send_signal(self._process, number)


class WorkerProcesses:
    """Starts workers. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._program: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._modules: frozenset[str] = frozenset()

    def start(self, command: Sequence[str], **options: Any) -> Any:  # noqa: ANN401  # as subprocess.Popen
        """Start a worker as subprocess.Popen does.

        On Linux it is a fork if it would import the same modules: not if the function brings one of them, has layers,
        or sets a variable that Python reads when it starts.
        """
        if _can_fork(command, options):
            folder = Path(options["cwd"])
            with self._lock:
                self._start_program()
                if not self._modules & {entry.name.partition(".")[0] for entry in folder.iterdir()}:
                    return self._fork(command[1], folder, options["env"])
        return subprocess.Popen(command, **options)

    def _start_program(self) -> None:
        if self._program is not None and self._program.poll() is None:
            return
        if self._channel is not None:
            self._channel.close()
        self._channel, other = socket.socketpair()
        with other:
            self._program = subprocess.Popen(
                [sys.executable, forked_worker.__file__, str(other.fileno()), tempfile.gettempdir()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
            )
        self._modules = frozenset(
            json.loads(receive(self._channel, *LENGTH.unpack(receive(self._channel, LENGTH.size))))
        )

    def _fork(self, script: str, folder: Path, environment: Mapping[str, str]) -> ForkedProcess:
        request = json.dumps({"script": script, "folder": str(folder), "environment": dict(environment)})
        text = request.encode()
        assert self._channel is not None  # noqa: S101  # the program was started
        with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
            pipes = [os.pipe() for _ in range(3)]
            reads_stdin, writes_stdin = pipes[0]
            given = [reads_stdin, pipes[1][1], pipes[2][1]]
            kept = [writes_stdin, pipes[1][0], pipes[2][0]]
            for descriptor in given:
                theirs.callback(os.close, descriptor)
            for descriptor in kept:
                ours.callback(os.close, descriptor)
            socket.send_fds(self._channel, [LENGTH.pack(len(text))], given)
            self._channel.sendall(text)
            start, descriptors, _, _ = socket.recv_fds(self._channel, LENGTH.size, 1)
            start += receive(self._channel, LENGTH.size - len(start))
            pid = json.loads(receive(self._channel, *LENGTH.unpack(start)))
            ours.pop_all()
        stdin, stdout, stderr = (
            os.fdopen(descriptor, mode, buffering=1)
            for descriptor, mode in zip(kept, ("w", "r", "r"), strict=True)
        )
        return ForkedProcess(pid or 0, descriptors[0] if descriptors else None, stdin, stdout, stderr)


def _can_fork(command: Sequence[str], options: Mapping[str, Any]) -> bool:
    environment = options.get("env", {})
    return (
        sys.platform == "linux"
        and command[0] == sys.executable
        and "_LAMBDA_LAYERS_DIRS" not in environment
        and _of_python(environment) == _of_python(os.environ)
    )


def _of_python(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(("PYTHON", "LD_"))}
