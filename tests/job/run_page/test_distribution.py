from __future__ import annotations

from itertools import repeat

from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.run_page.distribution import MOST_CLASSES, MOST_VALUES, Distribution, distribution


def test_few_distinct_values_are_classes() -> None:
    found = distribution(["no", "yes ", "no", "no"])
    assert (found.count, dict(found.classes), found.bins) == (4, {"no": 3, "yes": 1}, ())
    assert found.share("no") == 0.75
    assert found.share("maybe") == 0
    assert dict(distribution(["0", "1", "1"]).classes) == {"0": 1, "1": 2}


def test_fractions_are_numbers_however_few() -> None:
    found = distribution(["0.25", "0.75"])
    assert (found.low, found.high, found.mean) == (0, 1, 0.5)
    assert sum(found.bins) == 2


def test_texts_that_are_neither_are_only_counted() -> None:
    found = distribution([f"text {number}" for number in range(MOST_CLASSES + 1)])
    assert (found.count, dict(found.classes), found.bins) == (MOST_CLASSES + 1, {}, ())
    assert distribution([]).count == 0


def test_a_long_stream_is_looked_at_up_to_a_limit() -> None:
    found = distribution(repeat("x"))
    assert (found.count, found.is_whole) == (MOST_VALUES, False)


def test_bins_are_those_of_the_run_before_if_they_fit() -> None:
    before = distribution([f"{number}.5" for number in range(100)])
    same = distribution([f"{number}.5" for number in range(10, 90)], like=before)
    assert (same.low, same.high) == (before.low, before.high)
    wider = distribution([f"{number}.5" for number in range(200)], like=before)
    assert wider.high == 199.5


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200))
def test_every_number_is_in_a_bin(numbers: list[float]) -> None:
    found = distribution([f"{number:.6f}" for number in numbers])
    assert sum(found.bins) == found.count == len(numbers)


@given(st.lists(st.one_of(st.sampled_from(["a", "b"]), st.floats(0, 1).map(str)), max_size=60))
def test_a_distribution_is_read_as_it_was_written(values: list[str]) -> None:
    found = distribution(values)
    assert Distribution.of_json(found.as_json()) == found
