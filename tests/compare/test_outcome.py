from __future__ import annotations

import math

import pytest

from batch_transform.compare.outcome import reading_of, stability_index


def test_equal_histograms_have_no_shift_whatever_their_size() -> None:
    assert stability_index([1, 2, 3], [10, 20, 30]) == pytest.approx(0)


def test_the_index_is_the_sum_over_the_bins() -> None:
    expected = (0.5 - 0.25) * math.log(0.5 / 0.25) + (0.5 - 0.75) * math.log(0.5 / 0.75)
    assert stability_index([25, 75], [50, 50]) == pytest.approx(expected)


def test_an_empty_bin_has_a_share_of_a_ten_thousandth_and_a_bin_empty_in_both_does_not_count() -> None:
    expected = (0.0001 - 0.5) * math.log(0.0001 / 0.5) + 0.5 * math.log(1 / 0.5)
    assert stability_index([5, 0, 5], [0, 0, 10]) == pytest.approx(expected)


def test_there_is_no_index_without_predictions() -> None:
    assert stability_index([0, 0], [1, 2]) is None
    assert stability_index([1, 2], []) is None


@pytest.mark.parametrize(
    ("psi", "reading"), [(0.09, "no significant"), (0.1, "a moderate"), (0.25, "a significant")]
)
def test_an_index_is_read_as_usual(psi: float, reading: str) -> None:
    assert reading_of(psi) == f"{reading} shift"
