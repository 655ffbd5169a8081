"""How many further transform jobs it takes to find bad records, and how many records are scored again."""

from __future__ import annotations

import random

import pytest

from engine.fake_world import line_by_line
from lambda_functions.bad_records.world import Story, a_request, a_run, poisoned

RECORDS = 200_000


def score(count: int, max_count: int) -> tuple[Story, list[bytes]]:
    """Two objects, of which the first has this many bad records, at random."""
    rows = [b"%d,%d" % (at, at * 7 % 13) for at in range(RECORDS)]
    good = b"\n".join(rows) + b"\n"
    for at in random.Random(1).sample(range(RECORDS), count):  # noqa: S311  # the same each time
        rows[at] = b"%d,poison" % at
    answer = poisoned(line_by_line(lambda line: line.rpartition(b",")[2]))
    objects = {"a.csv": b"\n".join(rows) + b"\n", "b.csv": good}
    return a_run(objects, answer, a_request(join_source="Input"), max_count=max_count), rows


@pytest.mark.parametrize(("count", "most_jobs", "most_again"), [(1, 2, 0.51), (50, 3, 0.6), (300, 3, 0.65)])
def test_few_further_jobs_find_bad_records_among_400_000(
    count: int, most_jobs: int, most_again: float
) -> None:
    story, rows = score(count, 1000)
    assert story.failure is None
    assert story.bad_records == count
    assert len(story.jobs) - 1 <= most_jobs
    assert story.records_scored_again <= most_again * 2 * RECORDS
    assert story.out("a.csv") == b"".join(
        b"%s,%s\n" % (row, row.rpartition(b",")[2]) for row in rows if not row.endswith(b"poison")
    )


def test_a_breach_of_the_limit_is_known_after_one_further_job() -> None:
    story, _ = score(5000, 100)
    assert len(story.jobs) - 1 == 1
    assert story.failure is not None
    assert story.failure["Error"] == "BadRecordsError"
    assert story.failure["Cause"].startswith("at least 98")
    assert "bad_records.max_count allows 100" in story.failure["Cause"]
