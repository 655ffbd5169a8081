"""Whether a run continues: within the limit of bad records, and with a model that works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from batch_transform.job.values.wording import counted


@dataclass(frozen=True)
class Limit:
    """`bad_records.max_count` and `bad_records.max_percent`: more than either fails the run."""

    max_count: int | None
    max_percent: float | None

    def breach(self, certain: int, known: int, others: Callable[[int], int]) -> str:
        """Return which limit is certainly exceeded by `certain` bad records; empty for none.

        `known` records are known of those of the run. `others(enough)` counts the rest, and may stop at `enough`: a
        percentage that holds for the known records alone holds for all of them.
        """
        if self.max_count is not None and certain > self.max_count:
            return f"bad_records.max_count allows {self.max_count}"
        if self.max_percent is None:
            return ""
        share = Fraction(str(self.max_percent)) / 100
        if certain <= share * known:
            return ""
        records = known + others(ceil(certain / share) - known)
        if certain <= share * records:
            return ""
        return f"bad_records.max_percent allows {self.max_percent:g} % of {counted(records, 'record')}"


@dataclass(frozen=True)
class Evidence:
    """How many of what was scored failed: sections of the first round, and objects."""

    failed: int
    scored: int
    what: str

    @property
    def is_model(self) -> bool:
        """Whether it is the model and not the records: more than half failed."""
        return 2 * self.failed > self.scored

    def __str__(self) -> str:
        return f"{self.failed} of {self.scored} {self.what} failed"
