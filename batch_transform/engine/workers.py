"""Threads that call a function for many items, and give the results in the order of the items."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, wait
from functools import partial
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_STOP_CHECK_SECONDS = 0.1  # seconds between two checks of whether the job was stopped


class StoppedError(Exception):
    """When the job was stopped. It never leaves the engine."""


class Workers:
    """Threads that call functions, and a limit on how much waits for them.

    At most `count` calls run at a time, and at most `max_items` items are running, waiting, or done but not yet
    taken. So `max_items` items bound the memory of all that share these workers.
    Threads are daemons: a call that hangs keeps neither the job nor the process alive.
    """

    def __init__(self, count: int, *, max_items: int, is_stopped: Callable[[], bool]) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._slots = threading.Semaphore(max_items)
        self._is_stopped = is_stopped
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def in_order(
        self, function: Callable[[Item], Result], items: Iterable[Item], *, after_failure: int = 0
    ) -> Generator[tuple[Item, Result], None, None]:
        """Yield each item with its result, in the order of the items. Items are taken only when there is room.

        An error of a call, or of the items themselves, is raised after the results of all items before it. Before
        an error of a call is raised, the function is called for up to `after_failure` items after it, as if they had
        run at the same time; their results are discarded. Raises StoppedError as soon as the job is stopped. Close the
        generator if you leave it early: the items that wait in it take up room.
        """
        pending: deque[tuple[Item, Future[Result]]] = deque()
        taken = iter(items)
        error_of_items: Exception | None = None
        call_after_failure = partial(self._call_after_failure, function, taken, pending, after_failure)
        oldest = partial(self._oldest, pending, call_after_failure)
        try:
            while True:
                if not self._has_room(may_wait=not pending):
                    if pending:
                        yield oldest()
                    continue
                try:
                    item = next(taken)
                except StopIteration:
                    self._slots.release()
                    break
                except Exception as error:  # noqa: BLE001 - raised below, after the results before it
                    self._slots.release()
                    error_of_items = error
                    break
                pending.append((item, self._submit(function, item)))
                del item  # a large one must not stay in memory
                while pending and pending[0][1].done():
                    yield oldest()
            while pending:
                yield oldest()
            if error_of_items:
                raise error_of_items
        finally:
            for _, future in pending:
                future.cancel()
                future.add_done_callback(lambda _: self._slots.release())

    def close(self) -> None:
        """Let each thread end after its current call."""
        for _ in self._threads:
            self._calls.put(None)

    def join(self) -> None:
        """Wait until the threads have ended, after `close`."""
        for thread in self._threads:
            thread.join()

    def _has_room(self, *, may_wait: bool) -> bool:
        """Take a slot; with `may_wait`, wait a moment for it."""
        taken = self._slots.acquire(blocking=may_wait, timeout=_STOP_CHECK_SECONDS if may_wait else None)
        if not taken:
            self._raise_if_stopped()
        return taken

    def _call_after_failure(
        self,
        function: Callable[[Item], Result],
        taken: Iterator[Item],
        pending: deque[tuple[Item, Future[Result]]],
        after_failure: int,
    ) -> None:
        """The oldest call failed: call those next to it, wait for them, and cancel the others."""
        # Don't wait for room: others may hold it and wait for the same, forever.
        while len(pending) <= after_failure and self._slots.acquire(blocking=False):
            try:
                item = next(taken)
            except Exception:  # noqa: BLE001 - the failure of the oldest comes first
                self._slots.release()
                break
            pending.append((item, self._submit(function, item)))
            del item
        futures = [future for _, future in pending]
        for future in futures[after_failure + 1 :]:
            future.cancel()
        for future in futures[1 : after_failure + 1]:
            self._wait_for(future)

    def _oldest(
        self, pending: deque[tuple[Item, Future[Result]]], call_after_failure: Callable[[], None]
    ) -> tuple[Item, Result]:
        item, future = pending[0]
        self._wait_for(future)
        if future.exception() is not None:
            call_after_failure()
        pending.popleft()
        self._slots.release()
        return item, future.result()

    def _wait_for(self, future: Future[Result]) -> None:
        while not future.done():
            self._raise_if_stopped()
            wait([future], timeout=_STOP_CHECK_SECONDS)
        self._raise_if_stopped()

    def _raise_if_stopped(self) -> None:
        if self._is_stopped():
            raise StoppedError

    def _submit(self, function: Callable[[Item], Result], item: Item) -> Future[Result]:
        future: Future[Result] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    result = function(item)
                except BaseException as error:  # noqa: BLE001 - raised where the result is taken
                    future.set_exception(error)
                else:
                    future.set_result(result)

        self._calls.put(call)
        return future

    def _work(self) -> None:
        while call := self._calls.get():
            call()
            del call  # frees the item and the result while this thread waits
