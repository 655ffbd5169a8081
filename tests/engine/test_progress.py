"""How far a job is."""

from __future__ import annotations

import io
import time

import pytest

from batch_transform.engine.progress import CountedStream, Progress, ProgressMeter


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
    stream = CountedStream(io.BytesIO(b"12345"), meter)
    assert (stream.read(2), stream.read(), meter.progress.bytes_read) == (b"12", b"345", 5)
