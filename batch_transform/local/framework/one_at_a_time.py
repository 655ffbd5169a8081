"""One request at a time, and none for longer than the container's own server waits."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from batch_transform.job.model.framework_containers import ServerLimit

T = TypeVar("T")


class OneAtATime:
    """Lets one piece of work after the other run, each for so many seconds at most.

    A container's worker process works on one request at a time, so that a model's code may keep state between its
    functions. What takes longer is given up: it goes on in its thread, and nobody hears of it.
    """

    def __init__(self, seconds: ServerLimit) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()

    def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns. Raises what it raises, and TimeLimitError when its time is over."""
        done: Future[T] = Future()

        def worker() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001  # whatever it is, it is the caller's to hear
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
