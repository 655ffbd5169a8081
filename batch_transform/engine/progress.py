"""How far a transform job is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import BinaryIO

from batch_transform.engine.inexact_numbers import ChangedNumber

_EVERY = 0.25  # seconds between two reports


@dataclass(frozen=True)
class Progress:
    """Records transformed, objects written, objects failed, and bytes read as they are stored.

    The others are losses without an error. `result_lines` and `uneven_objects` count the lines of all results, and
    the objects whose result has another number of lines than they have records: both 0 if a record needs no line
    of answer (`Settings.answers_by_line`). `empty_answers` are requests, `byte_order_marks` objects that begin with
    one. `changed_number` is the first number that was seen to change in a JSON join.
    """

    records: int = 0
    objects_done: int = 0
    objects_failed: int = 0
    bytes_read: int = 0
    result_lines: int = 0
    uneven_objects: int = 0
    empty_answers: int = 0
    byte_order_marks: int = 0
    changed_number: ChangedNumber | None = None


class ProgressMeter:
    """Adds up what the threads of a job do, and reports it a few times a second. Thread safe."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._counts = {each.name: 0 for each in fields(Progress) if each.name != "changed_number"}
        self._changed_number: ChangedNumber | None = None
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._reported_at = time.monotonic()

    @property
    def progress(self) -> Progress:
        """How far the job is."""
        return Progress(**self._counts, changed_number=self._changed_number)

    @property
    def has_changed_number(self) -> bool:
        """Whether a join changed a number."""
        return self._changed_number is not None

    def add(self, **counts: int) -> None:
        """Add counts, by the names of `Progress`, and report unless the last report is recent."""
        with self._lock:
            for name, count in counts.items():
                self._counts[name] += count
            if time.monotonic() - self._reported_at >= _EVERY:
                self._report()

    def note(self, changed: ChangedNumber) -> None:
        """Keep the first number that a join changed."""
        with self._lock:
            self._changed_number = self._changed_number or changed

    def finish(self) -> Progress:
        """Report a last time, and return the final progress."""
        with self._lock:
            return self._report()

    def _report(self) -> Progress:
        self._reported_at = time.monotonic()
        progress = self.progress
        self._on_progress(progress)
        return progress


class CountedObject:
    """Counts each byte of an object once, though a retry or a join may read it again."""

    def __init__(self, meter: ProgressMeter) -> None:
        self._meter = meter
        self._furthest = 0

    def stream(self, stream: BinaryIO) -> CountedStream:
        """Return the object's stream, from its start, with its bytes counted."""
        return CountedStream(stream, self._reached)

    def _reached(self, position: int) -> None:
        new = max(0, position - self._furthest)
        self._furthest += new
        self._meter.add(bytes_read=new)


class CountedStream:
    """A stream that reports how far it was read."""

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
