"""How predictions are distributed: shares of classes, or a histogram of numbers. It holds no record."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_transform.job.record.names import SCHEMA_VERSION

MOST_CLASSES = 20
"""More distinct values than this are numbers, or texts that aren't classes."""

MOST_VALUES = 100_000
"""The most values that are looked at: a page needs the shape, not each record."""

_BINS = 24
_GREATEST = 1e150
"""Sums and differences of smaller numbers are finite."""

_LONGEST_CLASS = 60


@dataclass(frozen=True)
class Distribution:
    """The distribution of `count` predictions: by `classes`, or by `bins` of equal width between `low` and `high`.

    `is_whole` says that all predictions were counted. Both are empty for predictions that are neither, such as texts.
    """

    count: int
    is_whole: bool
    classes: Mapping[str, int] = field(default_factory=dict)
    bins: tuple[int, ...] = ()
    low: float | None = None
    high: float | None = None
    mean: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the values for the record's file, whose schema is `predictions.schema.json`."""
        return {
            "SchemaVersion": SCHEMA_VERSION,
            "Count": self.count,
            "IsWhole": self.is_whole,
            "Classes": dict(self.classes),
            "Bins": list(self.bins),
            "Low": self.low,
            "High": self.high,
            "Mean": self.mean,
        }

    @classmethod
    def of_json(cls, members: Mapping[str, Any]) -> Distribution:
        """Read what `as_json` returned."""
        return cls(
            count=members["Count"],
            is_whole=members["IsWhole"],
            classes=members["Classes"],
            bins=tuple(members["Bins"]),
            low=members["Low"],
            high=members["High"],
            mean=members["Mean"],
        )

    def share(self, name: str) -> float:
        """Return the share of a class."""
        return self.classes.get(name, 0) / self.count if self.count else 0.0


def distribution(values: Iterable[str], *, like: Distribution | None = None) -> Distribution:
    """Return the distribution of the first MOST_VALUES predictions, as text.

    `like` is that of the run before: the bins then have the same limits if all values are within them.
    """
    taken: list[str] = []
    is_whole = True
    for value in values:
        if len(taken) == MOST_VALUES:
            is_whole = False
            break
        taken.append(value.strip())
    counts = Counter(taken)
    numbers = [number for value in taken if (number := _number(value)) is not None]
    is_numeric = len(numbers) == len(taken) and bool(taken)
    if len(counts) <= MOST_CLASSES and not (is_numeric and any("." in value for value in counts)):
        classes: Counter[str] = Counter()  # long classes may begin the same
        for value, count in sorted(counts.items()):
            classes[value[:_LONGEST_CLASS]] += count
        return Distribution(len(taken), is_whole, classes=dict(classes))
    if not is_numeric:
        return Distribution(len(taken), is_whole)
    low, high = min(numbers), max(numbers)
    if (
        like is not None
        and like.low is not None
        and like.high is not None
        and like.low <= low
        and high <= like.high
    ):
        low, high = like.low, like.high
    elif low >= 0 and high <= 1:  # probabilities
        low, high = 0.0, 1.0
    return Distribution(
        len(taken),
        is_whole,
        bins=_binned(numbers, low, high),
        low=low,
        high=high,
        mean=math.fsum(numbers) / len(numbers),
    )


def _binned(numbers: Iterable[float], low: float, high: float) -> tuple[int, ...]:
    bins = [0] * _BINS
    width = (high - low) / _BINS
    for number in numbers:
        bins[min(int((number - low) / width), _BINS - 1) if width else 0] += 1
    return tuple(bins)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < _GREATEST else None
