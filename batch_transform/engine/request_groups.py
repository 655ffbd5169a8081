"""How many requests a thread gets at a time.

Handing a request to another thread costs as much as sending a fast one. So fast requests are handed over in groups that
take about a hundredth of a second; the requests of a group are sent one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batch_transform.engine.batches import Batch

_SECONDS = (
    0.01  # of a group: short enough to stop and to write soon, long enough for hand-overs to cost little
)
_MOST_BYTES = 256 * 1024  # of the bodies of a group: little memory compared with a MultiRecord body
_MOST = 256  # requests of a group
_SINGLE_REQUESTS = 200  # before the first larger group, if there are several threads


class RequestGroups:
    """Groups whose size depends on how long the last ones took.

    With several threads (`alone` is false), the requests of one group are sent by one of them. So each of the first
    requests is a group of its own: an object of few records is spread over all threads.
    """

    def __init__(self, *, alone: bool) -> None:
        self._singles_left = 0 if alone else _SINGLE_REQUESTS
        self._count = 1

    def note_duration(self, count: int, seconds: float) -> None:
        """Adapt the size of groups to how long `count` requests took."""
        if self._singles_left > 0:
            self._singles_left -= count
            return
        fitting = int(_SECONDS * count / max(seconds, 1e-9))
        self._count = max(1, min(fitting, 2 * self._count, _MOST))

    def of(self, batches: Iterable[Batch]) -> Iterator[list[Batch]]:
        """Yield the batches in groups. An error of `batches` is raised after all batches before it."""
        group: list[Batch] = []
        size = 0
        try:
            for batch in batches:
                group.append(batch)
                size += batch.size or 0
                del batch  # a large one must not stay in memory
                if len(group) >= self._count or size >= _MOST_BYTES:
                    yield group
                    group, size = [], 0
        except Exception:
            if group:
                yield group
            raise
        if group:
            yield group
