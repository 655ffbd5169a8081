"""Lambda functions: a bounded number of Python processes, which end with the local AWS and see their own files only."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped]  # it has no types
from ministack.services import lambda_svc  # type: ignore[import-untyped]  # it has no types

MOST_OF_A_FUNCTION = 8
MOST_IN_ALL = 16
"""Workers that are kept; one with boto3 takes about 50 MiB of memory, so all of them 0.8 GiB."""

IDLE_SECONDS = 60.0
"""After that time without a call a worker ends; the next call pays for a start, about half a second."""

PATIENCE_SECONDS = 5.0
"""So long without a worker that becomes free, one call more is let in: those that run may wait for it."""

# Runs first in each worker. A worker ends when its pipe from the local AWS does, but not while a
# handler runs: so it looks for its parent as well. And it imports this project's packages from the function's own
# archive only, as on AWS, where they are not installed. In a wheel they share a folder with boto3, which stays.
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
    """Lets as many calls of functions go on as there are places for workers; the others wait, the first come first.

    Nothing waits for ever, though a function may wait for another one: a call made by a function with an AWS SDK
    (which says so) never waits, and when no worker has become free for PATIENCE_SECONDS the next call is let in all
    the same, one at a time. A function over its reserved concurrency is refused before it comes here.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[object]] = defaultdict(deque)
        self._moved = time.monotonic()

    def acquire(
        self,
        func_name: str,
        config: Mapping[str, Any],
        code_zip: bytes,
        qualifier: str = "$LATEST",
        max_concurrency: int | None = None,
    ) -> tuple[Any, str]:
        """Return a worker that has no other call, and whether it is `reused` or one to `spawn`."""
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
            lambda_runtime.kill_workers(self._idle_of_others(key))  # before its place is taken
            worker: tuple[Any, str] = lambda_runtime.acquire_worker(
                func_name, config, code_zip, qualifier=qualifier, max_concurrency=max_concurrency
            )
        return worker

    def release(self, worker: Any) -> None:  # noqa: ANN401  # the emulator has no types
        """Give a worker back; None is one that broke, and is gone."""
        with self._changed:
            if worker is not None:
                worker.last_used = time.time()  # the emulator counts a call's own time as idle
            lambda_runtime.release_worker(worker)
            self._moved = time.monotonic()
            self._changed.notify_all()

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
        """Take out of the pool what must end for this function to have one worker more, the longest idle first."""
        with lambda_runtime._lock:
            if any(not worker.in_use for worker in lambda_runtime._workers.get(key, [])):
                return []
            count = sum(len(workers) for workers in lambda_runtime._workers.values())
            surplus = sorted(_idle(), key=lambda worker: worker.last_used)[: max(0, count + 1 - MOST_IN_ALL)]
            _remove(surplus)
        return surplus


def plug_in() -> None:
    """Bound the number of workers, and put the prelude in front of the emulator's worker for Python."""
    detect = lambda_runtime._detect_runtime_binary

    def detect_with_prelude(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return binary, _PRELUDE + script if runtime.startswith("python") else script

    lambda_runtime._detect_runtime_binary = detect_with_prelude
    places = WorkerPlaces()
    lambda_svc.acquire_worker = places.acquire
    lambda_svc.release_worker = places.release
    threading.Thread(target=_end_idle_ones, args=(places,), daemon=True).start()


def end_all() -> None:
    """End the workers that wait for the next call."""
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
