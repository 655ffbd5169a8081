"""The processes of Lambda functions: a bounded number, which end with the local AWS and see only their own files."""

from __future__ import annotations

import subprocess
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped]  # it has no types
from ministack.services import lambda_svc  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.worker_processes import WorkerProcesses

MOST_OF_A_FUNCTION = 8
MOST_IN_ALL = 16
"""The most workers that are kept. One with boto3 takes about 50 MiB of memory, all of them 0.8 GiB."""

IDLE_SECONDS = 60.0
"""A worker ends after this time without a call. The next call then starts one, in about a quarter of a second."""

PATIENCE_SECONDS = 5.0
"""If no worker becomes free for this time, one more call is let in: the calls in progress may be waiting for it."""

# Runs first in each worker. A worker ends with its pipe from the local AWS, but not while a handler runs: so it checks
# its parent, too. It imports this project's packages only from the function's archive, since they aren't installed on
# AWS. In an environment with the wheel they share a folder with boto3, which stays importable.
_PRELUDE = """
import os, sys, threading, time
from importlib.machinery import PathFinder

def _end_with_parent(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)

threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
sys.meta_path[:] = [
    finder for finder in sys.meta_path if not getattr(finder, "__module__", "").startswith("__editable__")
]

class _OfTheArchive:
    before = frozenset(sys.path)

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if path is not None or not name.startswith("batch_transform"):
            return None
        spec = PathFinder.find_spec(name, [entry for entry in sys.path if entry not in cls.before])
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return spec

sys.meta_path.insert(0, _OfTheArchive)
"""


class WorkerPlaces:
    """Runs as many calls of functions as there are places for workers. The others wait in order.

    A function may wait for another one, so nothing waits forever: a call that a function makes with an AWS SDK (which
    is marked as such) never waits, and when no worker has become free for PATIENCE_SECONDS, the next call is let in
    anyway, one at a time. Calls beyond a function's reserved concurrency are refused before they get here.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[object]] = defaultdict(deque)
        self._moved = time.monotonic()
        self._outdated: list[Any] = []

    def acquire(
        self,
        func_name: str,
        config: Mapping[str, Any],
        code_zip: bytes,
        qualifier: str = "$LATEST",
        max_concurrency: int | None = None,
    ) -> tuple[Any, str]:
        """Return a worker without a call, and whether it is `reused` or one to `spawn`."""
        key = lambda_runtime._worker_key(func_name, config, qualifier)
        is_nested = lambda_svc._invoke_depth.get() > 1  # 1 is a call from outside
        ticket = object()
        with self._changed:
            self._waiting[key].append(ticket)
            try:
                while not is_nested and not self._may_start(key, ticket):
                    self._changed.wait(PATIENCE_SECONDS)
                self._moved = time.monotonic()
            finally:
                self._waiting[key].remove(ticket)
                self._changed.notify_all()
            lambda_runtime.kill_workers(self._idle_of_others(key))  # before its place is used
            worker: tuple[Any, str] = lambda_runtime.acquire_worker(
                func_name, config, code_zip, qualifier=qualifier, max_concurrency=max_concurrency
            )
        return worker

    def release(self, worker: Any) -> None:  # noqa: ANN401  # the emulator has no types
        """Give a worker back. None is one that broke."""
        with self._changed:
            if worker is not None:
                worker.last_used = time.time()  # the emulator counts the time of the call as idle
            lambda_runtime.release_worker(worker)
            ended = [one for one in self._outdated if not one.in_use]
            self._outdated = [one for one in self._outdated if one.in_use]
            self._moved = time.monotonic()
            self._changed.notify_all()
        lambda_runtime.kill_workers(ended)

    def invalidate(
        self,
        func_name: str,
        qualifier: str | None = None,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Let no further call use the workers of a function that was changed or deleted. Calls in progress end in them.

        On AWS, an update doesn't affect a call in progress, which the emulator would break off.
        """
        with self._changed, lambda_runtime._lock:
            busy = [
                worker
                for key, workers in lambda_runtime._workers.items()
                if key.split(":")[-2] == func_name and qualifier in {None, key.split(":")[-1]}
                for worker in workers
                if worker.in_use
            ]
            _remove(busy)
            self._outdated += busy
        lambda_runtime.invalidate_worker(func_name, qualifier, account, region)

    def end_idle(self) -> None:
        """End the workers that had no call for IDLE_SECONDS."""
        with self._changed, lambda_runtime._lock:
            long_ago = time.time() - IDLE_SECONDS
            idle = [worker for worker in _idle() if worker.last_used < long_ago]
            _remove(idle)
        lambda_runtime.kill_workers(idle)

    def _may_start(self, key: str, ticket: object) -> bool:
        if self._waiting[key][0] is not ticket:
            return False
        if time.monotonic() - self._moved >= PATIENCE_SECONDS:
            return True
        with lambda_runtime._lock:
            of_function = lambda_runtime._workers.get(key, [])
            busy = sum(worker.in_use for workers in lambda_runtime._workers.values() for worker in workers)
        if any(not worker.in_use for worker in of_function):
            return True
        return len(of_function) < MOST_OF_A_FUNCTION and busy < MOST_IN_ALL

    def _idle_of_others(self, key: str) -> list[Any]:
        """Remove from the pool the workers that must end so that this function gets another one, longest idle first."""
        with lambda_runtime._lock:
            if any(not worker.in_use for worker in lambda_runtime._workers.get(key, [])):
                return []
            count = sum(len(workers) for workers in lambda_runtime._workers.values())
            surplus = sorted(_idle(), key=lambda worker: worker.last_used)[: max(0, count + 1 - MOST_IN_ALL)]
            _remove(surplus)
        return surplus


def plug_in() -> None:
    """Bound the number of workers, start them quickly, and put the prelude before the emulator's worker for Python."""
    detect = lambda_runtime._detect_runtime_binary

    def detect_with_prelude(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return binary, _PRELUDE + script if runtime.startswith("python") else script

    lambda_runtime._detect_runtime_binary = detect_with_prelude
    lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": WorkerProcesses().start})
    places = WorkerPlaces()
    lambda_svc.acquire_worker = places.acquire
    lambda_svc.release_worker = places.release
    lambda_svc.invalidate_worker = places.invalidate
    threading.Thread(target=_end_idle_ones, args=(places,), daemon=True).start()


def end_all() -> None:
    """End the idle workers."""
    lambda_runtime.reset()


def _end_idle_ones(places: WorkerPlaces) -> None:
    while True:
        time.sleep(IDLE_SECONDS / 10)
        places.end_idle()


def _idle() -> list[Any]:
    return [worker for workers in lambda_runtime._workers.values() for worker in workers if not worker.in_use]


def _remove(workers: list[Any]) -> None:
    for key, of_function in list(lambda_runtime._workers.items()):
        kept = [worker for worker in of_function if worker not in workers]
        if kept:
            lambda_runtime._workers[key] = kept
        else:
            del lambda_runtime._workers[key]
