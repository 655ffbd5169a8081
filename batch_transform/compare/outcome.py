"""What a comparison of predictions finds: values, and the figures that follow from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
"""The quantiles of predictions that are numbers; the first and the last are the minimum and the maximum."""

BINS = 10
"""The bins of a PSI of numbers: deciles of the first run, as is usual."""

_LEAST_SHARE = 0.0001
"""What a PSI takes for the share of an empty bin, whose logarithm would be infinite."""


@dataclass(frozen=True)
class Keys:
    """How the rows of two runs match. Each key is counted in one of the last four; rows without a key in none.

    `duplicated` keys have several rows in one of the runs: which of them belong together isn't known.
    """

    first_rows: int
    second_rows: int
    rows_without_key: int
    both: int
    only_first: int
    only_second: int
    duplicated: int

    @property
    def total(self) -> int:
        """The number of different keys."""
        return self.both + self.only_first + self.only_second + self.duplicated


@dataclass(frozen=True)
class Numbers:
    """The predictions of one run that are numbers. `quantiles` has a value for each of QUANTILES."""

    count: int
    mean: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class Move:
    """The number of keys whose class was `first` and is `second`; None is an empty prediction."""

    first: str | None
    second: str | None
    count: int


@dataclass(frozen=True)
class Column:
    """How the predictions in one column differ.

    `changed` counts the keys of both runs whose predictions differ, by more than the tolerance if they are numbers.
    `share` is of all keys, and counts each key that can't be compared as changed. `psi` is None if a run has no
    prediction at all.

    Numbers have `first`, `second` and `mean_difference`, the mean of the absolute differences. Classes have `moves`,
    the most frequent ones first, without `unlisted_moves`, and `classes`: the predictions of each run by class, the
    most frequent classes of both runs together first.
    """

    name: str
    changed: int
    share: float
    missing_first: int
    missing_second: int
    psi: float | None
    first: Numbers | None = None
    second: Numbers | None = None
    mean_difference: float | None = None
    moves: tuple[Move, ...] = ()
    unlisted_moves: int = 0
    classes: tuple[tuple[str, int, int], ...] = ()

    @property
    def are_numbers(self) -> bool:
        """Whether the predictions are numbers that can be averaged, and not classes."""
        return self.first is not None


@dataclass(frozen=True)
class Outcome:
    """The rows of both runs and their predictions. `key` is the name of the column that joins them."""

    key: str
    keys: Keys
    columns: tuple[Column, ...]


def stability_index(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Return the population stability index of two histograms with the same bins; None if one of them is empty.

    It is the sum of `(q - p) * ln(q / p)` over the bins, where p and q are the shares of the first and the second run
    (the symmetric Kullback-Leibler divergence; B. Yurdakul, "Statistical Properties of Population Stability Index",
    2018). An empty bin counts with a share of 0.0001.
    """
    if not sum(first) or not sum(second):
        return None
    index = 0.0
    for before, after in zip(first, second, strict=True):
        if before or after:
            p = max(before / sum(first), _LEAST_SHARE)
            q = max(after / sum(second), _LEAST_SHARE)
            index += (q - p) * math.log(q / p)
    return index


def reading_of(psi: float) -> str:
    """Return how a PSI is usually read."""
    if psi < 0.1:
        return "no significant shift"
    return "a moderate shift" if psi < 0.25 else "a significant shift"
