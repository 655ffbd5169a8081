"""Which job goes into which stack, for any set of jobs."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.values.job_spec import JobSpec, ModelSpec
from batch_transform_cdk.app.placement import (
    MOST_BYTES,
    MOST_RESOURCES,
    most_bytes,
    most_resources,
    parent_of,
    stacks_of,
)


def job(name: str) -> JobSpec:
    return JobSpec(name, ModelSpec(existing="churn"))


def places(jobs: list[JobSpec]) -> dict[str, int]:
    return {member.name: number for number, members in stacks_of(jobs).items() for member in members}


MANY = [job(f"job-{number}") for number in range(500)]
NAMES = st.lists(st.integers(0, 10_000), max_size=120, unique=True)


def test_jobs_that_fit_are_in_the_first_stack() -> None:
    assert set(places(MANY[:10]).values()) == {0}
    assert list(stacks_of([])) == [0]


@given(NAMES)
def test_each_job_is_in_one_stack_and_each_stack_has_room(numbers: list[int]) -> None:
    jobs = [job(f"job-{number}") for number in numbers]
    stacks = stacks_of(jobs)
    assert sorted(member.name for members in stacks.values() for member in members) == sorted(
        one.name for one in jobs
    )
    for members in stacks.values():
        assert sum(map(most_resources, members)) <= MOST_RESOURCES
        assert sum(map(most_bytes, members)) <= MOST_BYTES


@given(NAMES, st.randoms())
def test_the_order_of_the_jobs_does_not_matter(numbers: list[int], order: Random) -> None:
    jobs = [job(f"job-{number}") for number in numbers]
    before = places(jobs)
    order.shuffle(jobs)
    assert places(jobs) == before


def test_one_more_job_moves_only_jobs_of_the_stack_that_it_makes_too_full() -> None:
    before = places(MANY[:12])
    moves = []
    for count in range(13, len(MANY) + 1):
        after = places(MANY[:count])
        moved = {name for name, number in before.items() if after[name] != number}
        moves.append(len(moved))
        assert len({before[name] for name in moved}) <= 1
        assert all(after[name] > before[name] for name in moved)
        before = after
    assert sum(moved > 0 for moved in moves) < len(moves) / 8


def test_a_stack_split_off_from_the_nearest_that_is_there() -> None:
    assert [parent_of(number, {0: 0, 1: 0, 5: 0}) for number in (1, 2, 5, 7, 13)] == [0, 0, 1, 1, 5]


def test_500_jobs_are_in_fewer_than_twice_the_stacks_that_they_fill() -> None:
    filled = sum(map(most_resources, MANY)) / MOST_RESOURCES
    assert len(stacks_of(MANY)) < 2 * filled
