"""How many requests a thread is handed at a time.

A hand-over between threads costs as much as a quick request. Requests that are quick are therefore handed
over in runs of about a hundredth of a second, asked one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batch_transform.engine.batches import Batch

_SECONDS = (
    0.01  # of a run: short enough to stop soon and to write soon, long enough for hand-overs not to count
)
_MOST_BYTES = 256 * 1024  # of the bodies of a run: what is held stays small beside a MultiRecord body
_MOST = 256
_MANY = 200


class Pace:
    """The length of runs, from how long the last one took.

    With requests side by side (`alone` is false) a run would keep its requests from the other threads.
    So each is a run of its own there until many were quick: an object of few records is shared out whole.
    """

    def __init__(self, *, alone: bool) -> None:
        self._alone_for = 0 if alone else _MANY
        self._count = 1

    def saw(self, count: int, seconds: float) -> None:
        """Note how long so many requests took."""
        if self._alone_for > 0:
            self._alone_for -= count
            return
        fitting = int(_SECONDS * count / max(seconds, 1e-9))
        self._count = max(1, min(fitting, 2 * self._count, _MOST))

    def runs(self, batches: Iterable[Batch]) -> Iterator[list[Batch]]:
        """Yield the batches in runs. An error of theirs comes after all batches before it."""
        run: list[Batch] = []
        size = 0
        try:
            for batch in batches:
                run.append(batch)
                size += batch.size or 0
                del batch  # a large one must not outlive its turn
                if len(run) >= self._count or size >= _MOST_BYTES:
                    yield run
                    run, size = [], 0
        except Exception:
            if run:
                yield run
            raise
        if run:
            yield run
