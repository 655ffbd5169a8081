"""How many requests a thread gets at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from batch_transform.engine.batches import Batch
from batch_transform.engine.request_groups import RequestGroups


def batches(count: int, size: int = 1) -> Iterator[Batch]:
    return (Batch(b"x" * size, (), 1, line) for line in range(1, count + 1))


def lengths(groups: RequestGroups, count: int, size: int = 1) -> list[int]:
    return [len(group) for group in groups.of(batches(count, size))]


def test_groups_begin_with_one_request_and_grow_while_requests_are_fast() -> None:
    groups = RequestGroups(alone=True)
    assert lengths(groups, 2) == [1, 1]
    for longest in (2, 4, 8):
        groups.note_duration(1, 1e-6)
        assert lengths(groups, 9)[0] == longest


def test_a_group_takes_about_a_hundredth_of_a_second() -> None:
    groups = RequestGroups(alone=True)
    for _ in range(20):
        groups.note_duration(10, 0.01)
    assert lengths(groups, 20) == [10, 10]
    groups.note_duration(10, 1.0)
    assert lengths(groups, 2) == [1, 1]


def test_a_group_has_256_requests_at_most_however_fast_they_are() -> None:
    groups = RequestGroups(alone=True)
    for _ in range(20):
        groups.note_duration(1000, 1e-9)
    assert lengths(groups, 600) == [256, 256, 88]


def test_large_bodies_make_small_groups() -> None:
    groups = RequestGroups(alone=True)
    for _ in range(20):
        groups.note_duration(100, 0.001)
    assert max(lengths(groups, 6, size=200 * 1024)) == 2


def test_requests_side_by_side_do_not_wait_for_each_other() -> None:
    groups = RequestGroups(alone=False)
    for _ in range(200):
        groups.note_duration(1, 1e-6)
        assert lengths(groups, 3) == [1, 1, 1]


def test_after_many_fast_requests_side_by_side_there_are_groups() -> None:
    groups = RequestGroups(alone=False)
    for _ in range(202):
        groups.note_duration(1, 1e-6)
    assert lengths(groups, 8) == [4, 4]


def test_fails_with_the_error_of_a_batch_after_all_batches_before_it() -> None:
    def some() -> Iterator[Batch]:
        yield from batches(3)
        raise ValueError("no fourth")

    groups = RequestGroups(alone=True)
    for _ in range(20):
        groups.note_duration(1, 1e-6)
    found = groups.of(some())
    assert len(next(found)) == 3
    with pytest.raises(ValueError, match="no fourth"):
        next(found)
