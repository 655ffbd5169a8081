from __future__ import annotations

import json
from importlib import resources
from itertools import repeat

from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.run_page.distribution import MOST_CLASSES, MOST_VALUES, Distribution, distribution
from checks.json_schema import faults

SCHEMA = json.loads(
    (resources.files("batch_transform.job.record") / "predictions.schema.json").read_text(encoding="utf-8")
)


def test_few_distinct_values_are_classes() -> None:
    found = distribution(["no", "yes ", "no", "no"])
    assert (found.count, dict(found.classes), found.bins) == (4, {"no": 3, "yes": 1}, ())
    assert found.share("no") == 0.75
    assert found.share("maybe") == 0
    assert dict(distribution(["0", "1", "1"]).classes) == {"0": 1, "1": 2}


def test_long_classes_that_begin_the_same_are_counted_together() -> None:
    found = distribution(["x" * 60 + "a", "x" * 60 + "b", "y"])
    assert dict(found.classes) == {"x" * 60: 2, "y": 1}


def test_a_number_more_than_the_most_classes_is_drawn_as_numbers() -> None:
    whole = [str(number) for number in range(MOST_CLASSES)]
    assert len(distribution(whole).classes) == MOST_CLASSES
    more = distribution([*whole, "20"])
    assert (more.classes, sum(more.bins), more.low, more.high, more.mean) == ({}, 21, 0, 20, 10)
    assert distribution([*whole, "nan"]).bins == ()
    assert distribution([*whole, "1e300"]).bins == ()


def test_numbers_between_0_and_1_are_drawn_over_all_of_that_range() -> None:
    assert (distribution(["0.0", "1.0"]).low, distribution(["0.0", "1.0"]).high) == (0, 1)
    assert (distribution(["0.5", "1.5"]).low, distribution(["0.5", "1.5"]).high) == (0.5, 1.5)
    assert (distribution(["-0.5", "0.5"]).low, distribution(["-0.5", "0.5"]).high) == (-0.5, 0.5)


def test_the_lowest_number_is_in_the_first_bin_and_the_highest_in_the_last() -> None:
    found = distribution([*["0.0"] * 3, "0.05", *["1.0"] * 2])
    assert (found.bins[0], found.bins[1], found.bins[-1]) == (3, 1, 2)
    assert distribution(["7.5", "7.5"]).bins == (2, *[0] * 23)


def test_exactly_the_most_values_are_all_of_them() -> None:
    assert distribution(repeat("x", MOST_VALUES)).is_whole


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
    assert list(faults(found.as_json(), SCHEMA)) == []
