"""One request at a time, each no longer than the container's own server waits."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from batch_transform.job.model.framework_containers import ServerLimit

T = TypeVar("T")


class OneAtATime:
    """Runs one piece of work at a time, with a time limit for each.

    A container's worker process handles one request at a time, so that a model's code may keep state between its
    functions. After the time limit, the work continues in its thread and its result is discarded.
    """

    def __init__(self, seconds: ServerLimit) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()

    def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns. Raises what it raises, and TimeLimitError after the time limit."""
        done: Future[T] = Future()

        def worker() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001  # the caller gets every error
                done.set_exception(error)

        with self._lock:
            threading.Thread(target=worker, daemon=True).start()
            if not wait([done], self._seconds.value).done:
                sys.stderr.write(
                    f"no answer within {self._seconds.value} s: the container's own server gives up on a request then, "
                    f"whatever InvocationsTimeoutInSeconds says. Set {self._seconds.variable} in the model's "
                    "environment\n"
                )
                raise TimeLimitError
        return done.result()


class TimeLimitError(Exception):
    """When the container's own server has given up on a request. Not TimeoutError, which a model's code may raise."""
