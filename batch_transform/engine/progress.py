"""How far a job is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO

_EVERY = 0.25  # seconds between two reports


@dataclass(frozen=True)
class Progress:
    """Records transformed, objects written, objects failed, and bytes read as they are stored."""

    records: int = 0
    objects_done: int = 0
    objects_failed: int = 0
    bytes_read: int = 0


class ProgressMeter:
    """Adds up what the threads of a job have done, and reports it a few times a second. Thread safe."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self.progress = Progress()
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._reported_at = time.monotonic()

    def add(
        self, *, records: int = 0, objects_done: int = 0, objects_failed: int = 0, bytes_read: int = 0
    ) -> None:
        """Count, and report if the last report is some time ago."""
        with self._lock:
            before = self.progress
            self.progress = replace(
                before,
                records=before.records + records,
                objects_done=before.objects_done + objects_done,
                objects_failed=before.objects_failed + objects_failed,
                bytes_read=before.bytes_read + bytes_read,
            )
            if time.monotonic() - self._reported_at >= _EVERY:
                self._report()

    def finish(self) -> Progress:
        """Report once more, and return where the job ended."""
        with self._lock:
            self._report()
            return self.progress

    def _report(self) -> None:
        self._reported_at = time.monotonic()
        self._on_progress(self.progress)


class CountedObject:
    """The bytes of one object, each counted when it is read first: a retry or a join may read it again."""

    def __init__(self, meter: ProgressMeter) -> None:
        self._meter = meter
        self._furthest = 0

    def stream(self, stream: BinaryIO) -> CountedStream:
        """The object's stream, from its beginning, with its bytes counted."""
        return CountedStream(stream, self._reached)

    def _reached(self, position: int) -> None:
        new = max(0, position - self._furthest)
        self._furthest += new
        self._meter.add(bytes_read=new)


class CountedStream:
    """A stream that tells how far it was read."""

    def __init__(self, stream: BinaryIO, reached: Callable[[int], None]) -> None:
        self._stream = stream
        self._reached = reached
        self._position = 0

    def read(self, size: int = -1, /) -> bytes:
        """Read as the stream does."""
        data = self._stream.read(size)
        self._position += len(data)
        self._reached(self._position)
        return data
