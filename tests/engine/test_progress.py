"""How far a transform job is."""

from __future__ import annotations

import io
import time

import pytest

from batch_transform.engine.progress import CountedObject, Progress, ProgressMeter


def test_reports_are_rare_and_the_last_one_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    seen: list[Progress] = []
    meter = ProgressMeter(seen.append)
    for _ in range(100):
        now += 0.01
        meter.add(records=2)
    assert len(seen) <= 4
    meter.add(objects_done=1, objects_failed=2)
    assert meter.finish() == seen[-1] == Progress(records=200, objects_done=1, objects_failed=2)


def test_bytes_are_counted_as_they_are_read() -> None:
    meter = ProgressMeter(lambda _: None)
    stream = CountedObject(meter).stream(io.BytesIO(b"12345"))
    assert (stream.read(2), meter.progress.bytes_read) == (b"12", 2)
    assert (stream.read(), meter.progress.bytes_read) == (b"345", 5)


def test_bytes_that_are_read_again_are_not_counted_again() -> None:
    meter = ProgressMeter(lambda _: None)
    counted = CountedObject(meter)
    for size, so_far in ((3, 3), (2, 3), (5, 5), (5, 5)):  # a pass that ended early, and one that got further
        counted.stream(io.BytesIO(b"12345")).read(size)
        assert meter.progress.bytes_read == so_far
