"""Calls side by side, results in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine.workers import StoppedError, Workers
from patience import PATIENCE_SECONDS

pytestmark = pytest.mark.timeout(900)  # workers in a deadlock would never end


def never() -> bool:
    return False


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 4), st.integers(1, 6))
def test_results_come_in_the_order_of_the_items_however_long_each_takes(
    delays: list[int], count: int, max_items: int
) -> None:
    def call(delay: int) -> int:
        time.sleep(delay / 2000)
        return delay * 10

    workers = Workers(count, max_items=max_items, is_stopped=never)
    assert list(workers.in_order(call, delays)) == [(delay, delay * 10) for delay in delays]
    workers.close()
    workers.join()


def test_as_many_calls_run_at_a_time_as_there_are_workers_and_no_more() -> None:
    meeting = threading.Barrier(
        3, timeout=PATIENCE_SECONDS
    )  # passes only if three calls run at the same time
    running, most, lock = 0, 0, threading.Lock()

    def call(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        meeting.wait()
        with lock:
            running -= 1

    workers = Workers(3, max_items=9, is_stopped=never)
    assert len(list(workers.in_order(call, range(12)))) == 12
    assert most == 3


def test_items_are_taken_only_when_there_is_room() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(100):
            taken += 1
            yield item

    workers = Workers(2, max_items=4, is_stopped=never)
    for done, _ in enumerate(workers.in_order(lambda item: item, items()), 1):
        assert taken <= done + 4


def test_two_users_of_the_same_workers_share_the_room_and_both_finish() -> None:
    workers = Workers(1, max_items=1, is_stopped=never)
    sums = []

    def use() -> None:
        sums.append(sum(result for _, result in workers.in_order(lambda item: item, range(50))))

    users = [threading.Thread(target=use) for _ in range(3)]
    for user in users:
        user.start()
    for user in users:
        user.join(timeout=PATIENCE_SECONDS)
    assert sums == [1225, 1225, 1225]


def test_fails_with_the_error_of_a_call_after_the_results_before_it() -> None:
    def call(item: int) -> int:
        if item == 3:
            raise ValueError("three")
        return item

    seen = []
    with pytest.raises(ValueError, match="three"):
        for item, _ in Workers(2, max_items=4, is_stopped=never).in_order(call, range(10)):
            seen.append(item)  # the loop ends with the error
    assert seen == [0, 1, 2]


def test_fails_with_the_error_of_the_items_after_the_results_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("no third")

    seen = []
    with pytest.raises(ValueError, match="no third"):
        for item, _ in Workers(2, max_items=4, is_stopped=never).in_order(lambda item: item, items()):
            seen.append(item)  # the loop ends with the error
    assert seen == [1, 2]


def test_leaving_early_frees_the_room_of_items_that_wait() -> None:
    second_is_taken = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        second_is_taken.set()
        yield 1

    def call(item: int) -> int:
        second_is_taken.wait(timeout=20)
        return item

    workers = Workers(1, max_items=2, is_stopped=never)
    for _ in range(3):
        second_is_taken.clear()
        first = workers.in_order(call, items())
        assert next(first) == (0, 0)
        first.close()
    assert len(list(workers.in_order(lambda item: item, range(10)))) == 10


def test_stops_at_once_though_others_have_all_the_room() -> None:
    stop, release = threading.Event(), threading.Event()

    def others() -> Iterator[int]:
        yield 0
        release.wait(timeout=60)  # the room for this one is taken already

    workers = Workers(1, max_items=1, is_stopped=stop.is_set)
    other = workers.in_order(lambda item: item, others())
    next(other)
    holding = threading.Thread(target=lambda: list(other), daemon=True)
    holding.start()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    with pytest.raises(StoppedError):
        list(workers.in_order(lambda item: item, range(3)))
    assert time.monotonic() - began < 10
    release.set()
    holding.join(timeout=20)


def test_the_threads_keep_no_process_alive() -> None:
    before = set(threading.enumerate())
    workers = Workers(2, max_items=2, is_stopped=never)
    started = set(threading.enumerate()) - before
    assert len(started) == 2
    assert all(thread.daemon for thread in started)
    workers.close()


def test_stops_at_once_though_a_call_hangs() -> None:
    stop, release = threading.Event(), threading.Event()
    workers = Workers(1, max_items=2, is_stopped=stop.is_set)
    threading.Timer(0.05, stop.set).start()
    began = time.monotonic()
    with pytest.raises(StoppedError):
        list(workers.in_order(lambda _: release.wait(timeout=600), range(3)))
    assert time.monotonic() - began < PATIENCE_SECONDS  # it hangs for longer
    release.set()


@given(st.integers(1, 12), st.integers(0, 11), st.integers(1, 4), st.integers(0, 4), st.integers(1, 9))
def test_before_an_error_is_raised_the_calls_next_to_it_are_made(
    items: int, failing: int, count: int, after_failure: int, max_items: int
) -> None:
    """At least as many as there is room for, and all of those where there is."""
    called: list[int] = []

    def call(item: int) -> int:
        called.append(item)
        if item >= failing:
            raise KeyError(item)
        return item

    workers = Workers(count, max_items=max_items, is_stopped=never)
    found: list[tuple[int, int]] = []
    if failing < items:
        with pytest.raises(KeyError, match=f"^{failing}$"):
            found.extend(workers.in_order(call, range(items), after_failure=after_failure))
    else:
        found.extend(workers.in_order(call, range(items), after_failure=after_failure))
    workers.close()
    workers.join()
    if failing < items:
        room = min(after_failure, max_items - 1, items - failing - 1)
        assert set(called) >= set(range(failing + room + 1))
    else:
        assert [item for item, _ in found] == list(range(items))
