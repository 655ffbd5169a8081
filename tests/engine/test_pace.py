"""How many requests a thread is handed at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from batch_transform.engine.batches import Batch
from batch_transform.engine.pace import Pace


def batches(count: int, size: int = 1) -> Iterator[Batch]:
    return (Batch(b"x" * size, (), 1, line) for line in range(1, count + 1))


def lengths(pace: Pace, count: int, size: int = 1) -> list[int]:
    return [len(run) for run in pace.runs(batches(count, size))]


def test_runs_begin_with_one_request_and_grow_while_requests_are_quick() -> None:
    pace = Pace(alone=True)
    assert lengths(pace, 2) == [1, 1]
    for longest in (2, 4, 8):
        pace.saw(1, 1e-6)
        assert lengths(pace, 9)[0] == longest


def test_a_run_lasts_about_a_hundredth_of_a_second() -> None:
    pace = Pace(alone=True)
    for _ in range(20):
        pace.saw(10, 0.01)
    assert lengths(pace, 20) == [10, 10]
    pace.saw(10, 1.0)
    assert lengths(pace, 2) == [1, 1]


def test_a_run_has_256_requests_at_most_however_quick_they_are() -> None:
    pace = Pace(alone=True)
    for _ in range(20):
        pace.saw(1000, 1e-9)
    assert lengths(pace, 600) == [256, 256, 88]


def test_large_bodies_make_short_runs() -> None:
    pace = Pace(alone=True)
    for _ in range(20):
        pace.saw(100, 0.001)
    assert max(lengths(pace, 6, size=200 * 1024)) == 2


def test_requests_side_by_side_do_not_wait_for_each_other() -> None:
    pace = Pace(alone=False)
    for _ in range(200):
        pace.saw(1, 1e-6)
        assert lengths(pace, 3) == [1, 1, 1]


def test_many_quick_requests_side_by_side_go_in_runs_after_all() -> None:
    pace = Pace(alone=False)
    for _ in range(202):
        pace.saw(1, 1e-6)
    assert lengths(pace, 8) == [4, 4]


def test_fails_with_the_error_of_a_batch_after_all_batches_before_it() -> None:
    def some() -> Iterator[Batch]:
        yield from batches(3)
        raise ValueError("no fourth")

    pace = Pace(alone=True)
    for _ in range(20):
        pace.saw(1, 1e-6)
    runs = pace.runs(some())
    assert len(next(runs)) == 3
    with pytest.raises(ValueError, match="no fourth"):
        next(runs)
