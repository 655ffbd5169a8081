"""The model servers of the local AWS: one per model, image and environment, kept for the next job."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from batch_transform.job.errors import TransformJobError
from batch_transform.local.model_server.image import Command, Images, RunningServer
from batch_transform.local.model_server.process import (
    PING_REQUEST_SECONDS,
    ModelServerProcess,
    check_running,
    pings,
)

MOST_IDLE = 4
"""The maximum number of idle servers; each holds a model in memory."""

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")


@dataclass(frozen=True)
class Lease:
    """A server in use: its address, and the output file with the offset at the start of this use (None: not ours)."""

    url: str
    output: Path | None = None
    output_start: int = 0


@dataclass
class _Server:
    process: ModelServerProcess
    jobs: int = 0
    ready: threading.Lock = field(default_factory=threading.Lock)
    is_ready: bool = False


class ModelServers:
    """Starts, shares and ends model servers. Thread safe.

    `ping_timeout` is the time limit for the first answer to a ping, in seconds. AWS waits about 30 minutes; the
    default of 60 s is enough on a laptop.
    """

    def __init__(self, images: Images, folder: Path, *, ping_timeout: float = 60.0) -> None:
        self._images = images
        self._folder = folder
        self._ping_timeout = ping_timeout
        self._servers: dict[tuple[Command, Path, tuple[tuple[str, str], ...]], _Server] = {}
        self._lock = threading.Lock()
        self._started = 0
        self._closed = False

    @contextmanager
    def lease(
        self, image: str, model_dir: Path, environment: Mapping[str, str], stop: threading.Event
    ) -> Iterator[Lease]:
        """Yield a server that has answered a ping, or any server once `stop` is set.

        `environment` is the container's. Raises TransformJobError, whose text is the job's FailureReason, when the
        image has no server or the server does not answer.
        """
        command = self._images.server(image)
        if isinstance(command, RunningServer):
            check_running(command.url, self._ping_timeout, stop)
            yield Lease(command.url)
            return
        key = (command, model_dir, tuple(sorted(environment.items())))
        self._end_if_hanging(key)
        server = self._take(key)
        try:
            size = server.process.output.stat().st_size if server.is_ready else 0
            self._make_ready(server, stop)
            yield Lease(server.process.url, server.process.output, size)
        finally:
            self._give_back(key, server)

    def close(self) -> None:
        """End every server, and start no new ones."""
        with self._lock:
            self._closed = True
            servers, self._servers = list(self._servers.values()), {}
        enders = [threading.Thread(target=server.process.end) for server in servers]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()

    def _make_ready(self, server: _Server, stop: threading.Event) -> None:
        """Wait for the first ping. Jobs that share the server wait for each other, until they are stopped."""
        while not server.ready.acquire(timeout=0.1):
            if stop.is_set():
                return
        try:
            if not server.is_ready:
                server.process.wait_until_ready(self._ping_timeout, stop)
                server.is_ready = not stop.is_set()
        finally:
            server.ready.release()

    def _end_if_hanging(self, key: tuple[Command, Path, tuple[tuple[str, str], ...]]) -> None:
        """End an idle server that no longer answers pings: the previous job may have left it hanging."""
        with self._lock:
            server = self._servers.get(key)
        if server is None or server.jobs or pings(server.process.url, PING_REQUEST_SECONDS):
            return
        with self._lock:
            if server.jobs or self._servers.get(key) is not server:
                return  # another job uses it now
            del self._servers[key]
        server.process.end()

    def _take(self, key: tuple[Command, Path, tuple[tuple[str, str], ...]]) -> _Server:
        command, model_dir, environment = key
        with self._lock:
            if self._closed:
                raise TransformJobError("InternalServerError: the local AWS is shutting down")
            server = self._servers.pop(key, None)
            if server is not None and not server.process.is_alive:
                server.process.end()
                server = None
            if server is None:
                self._started += 1
                output = self._folder / f"server-{self._started}.log"
                output.parent.mkdir(parents=True, exist_ok=True)
                server = _Server(
                    ModelServerProcess(
                        command,
                        {**_base_environment(), **dict(environment), "SM_MODEL_DIR": str(model_dir)},
                        output,
                    )
                )
            self._servers[key] = server  # the newest is last: the oldest idle one goes first
            server.jobs += 1
            return server

    def _give_back(self, key: tuple[Command, Path, tuple[tuple[str, str], ...]], server: _Server) -> None:
        with self._lock:
            server.jobs -= 1
            if not server.is_ready and not server.jobs and self._servers.get(key) is server:
                del self._servers[key]
                surplus = [server]
            else:
                idle = [key for key, other in self._servers.items() if not other.jobs]
                surplus = [self._servers.pop(key) for key in idle[: max(0, len(idle) - MOST_IDLE)]]
        for one in surplus:
            one.process.end()


def _base_environment() -> dict[str, str]:
    """Return the variables of this process that a server needs; none of them can be a secret."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
