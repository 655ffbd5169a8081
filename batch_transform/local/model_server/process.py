"""A model server process: starting, pinging and ending it."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from batch_transform.job.errors import TransformJobError
from batch_transform.local.model_server import supervise
from batch_transform.local.model_server.image import Command

PING_REQUEST_SECONDS = 2.0
"""Developer Guide, "Use Your Own Inference Code with Batch Transform"."""

NO_PING = (
    "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is implemented and "
    "responds with an HTTP 200 status code"
)
_LAST_LINES = 20


class ModelServerProcess:
    """A command that serves on a free port of 127.0.0.1, in a process group that ends with the local AWS.

    Its output goes to the file `output`. A command without a folder runs in an empty folder beside that file: a
    container has none of the user's files in its working directory, so relative paths must not find them.
    """

    def __init__(self, command: Command, environment: Mapping[str, str], output: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.output = output
        folder = command.folder or output.with_suffix("")
        folder.mkdir(parents=True, exist_ok=True)
        with output.open("wb") as file:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", supervise.__file__, *command.arguments],
                    cwd=folder,
                    env={**environment, "SAGEMAKER_BIND_TO_PORT": str(port)},
                    stdin=subprocess.PIPE,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise TransformJobError(
                    f"AlgorithmError: the model server cannot be started: {error}"
                ) from error

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self, timeout: float, stop: threading.Event) -> None:
        """Return when GET /ping answers 200, or when `stop` is set.

        Raises TransformJobError with AWS's FailureReason (amazon-sagemaker-examples issue 852) after
        `timeout` seconds, or as soon as the server has ended.
        """
        if not wait_for_ping(self.url, timeout, stop, lambda: self.is_alive):
            code = self._process.poll()
            why = (
                f"no answer within {timeout:g} s"
                if code is None
                else f"the server ended with exit code {code}"
            )
            raise TransformJobError(f"{NO_PING}. On this machine: {why}", *self.last_lines())

    def last_lines(self) -> list[str]:
        """Return the last lines that the server printed."""
        with self.output.open("rb") as file:
            file.seek(max(0, self.output.stat().st_size - 100_000))
            return file.read().decode("utf-8", "replace").splitlines()[-_LAST_LINES:]

    def end(self) -> None:
        """Ask the server to end with SIGTERM, and kill its process group if it does not."""
        assert self._process.stdin is not None  # noqa: S101  # it was created with a pipe
        with contextlib.suppress(OSError):  # the supervisor has already ended
            self._process.stdin.close()
        try:
            self._process.wait(supervise.GRACE_SECONDS + 3)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def check_running(url: str, timeout: float, stop: threading.Event) -> None:
    """Wait until a server that is not ours answers a ping; raises TransformJobError as `wait_until_ready` does."""
    if not wait_for_ping(url, timeout, stop, lambda: True):
        raise TransformJobError(
            f"{NO_PING}. On this machine: {url}/ping did not answer 200 within {timeout:g} s"
        )


def wait_for_ping(url: str, timeout: float, stop: threading.Event, is_alive: Callable[[], bool]) -> bool:
    """Return whether GET /ping answered 200 in time; also True once `stop` is set."""
    deadline = time.monotonic() + timeout
    pause = 0.02
    while time.monotonic() < deadline and is_alive():
        if stop.is_set() or pings(url, min(PING_REQUEST_SECONDS, max(0.1, deadline - time.monotonic()))):
            return True
        stop.wait(pause)
        pause = min(pause * 1.5, 0.25)
    return stop.is_set()


def free_port() -> int:
    """Return a free port of 127.0.0.1.

    It is below the range that the system uses for outgoing connections (from 32768 on Linux, from 49152 on macOS), so
    that no connection takes it before the server does.
    """
    for _ in range(1_000):
        port = random.randint(20_000, 29_999)  # noqa: S311  # not used for security
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise TransformJobError(
        "InternalServerError: there is no free port between 20000 and 29999 on this machine"
    )


def pings(url: str, timeout: float) -> bool:
    """Return whether GET /ping answers 200 within `timeout` seconds."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port.partition("/")[0] or 80), timeout=timeout)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
