"""A comparison of two runs: their definitions, inputs and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batch_transform.compare.definition import Difference, differences
from batch_transform.compare.inputs import Inputs, compare_inputs
from batch_transform.compare.outcome import Column, Outcome
from batch_transform.compare.predictions import compare
from batch_transform.compare.rows import chosen, rows_of
from batch_transform.job.errors import CompareError
from batch_transform.job.request.overrides import Columns
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.runs.run_facts import RunFacts


@dataclass(frozen=True)
class Side:
    """One of the two runs, on this machine: its results, and the list of its input objects if it has a record.

    `facts` are None for a folder of results without a record. `columns` are the names of the job's columns.
    """

    name: str
    facts: RunFacts | None
    files: tuple[Path, ...]
    objects: Path | None = None
    columns: Columns = field(default_factory=Columns)


@dataclass(frozen=True)
class Comparison:
    """The facts of both runs, what differs in their definition and inputs, and how their predictions differ.

    `differences` and `inputs` are None if they aren't known of both runs.
    """

    first: Side
    second: Side
    differences: list[Difference] | None
    inputs: Inputs | None
    outcome: Outcome

    def above(self, share: float) -> list[Column]:
        """Return the columns of which more than this share changed."""
        return [column for column in self.outcome.columns if column.share > share]

    def require_at_most(self, share: float) -> None:
        """Raise CompareError if more than this share of the keys changed in a column."""
        lines = [
            f"{column.share:.3%} of the keys changed in {column.name}, more than --max-changed {share:.3%}"
            for column in self.above(share)
        ]
        if lines:
            raise CompareError("\n".join(lines))


def compare_sides(
    first: Side,
    second: Side,
    *,
    key: str | None = None,
    predictions: Sequence[str] = (),
    tolerance: float = 0.0,
) -> Comparison:
    """Compare two runs. Raises InputError for columns that aren't there, and CompareError."""
    columns = first.columns if first.columns != Columns() else second.columns
    request = next((one.facts.request for one in (first, second) if one.facts), None)
    rows, other_rows = (
        rows_of(
            one.files,
            one.facts.request if one.facts else request,
            one.columns if one.columns != Columns() else columns,
        )
        for one in (first, second)
    )
    outcome = compare(*chosen(rows, other_rows, key, predictions), tolerance=tolerance)
    return Comparison(
        first,
        second,
        differences=differences(first.facts, second.facts) if first.facts and second.facts else None,
        inputs=_inputs(first, second),
        outcome=outcome,
    )


def _inputs(first: Side, second: Side) -> Inputs | None:
    listed = [
        (
            one.objects,
            S3Uri.parse(one.facts.request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]).key,
        )
        for one in (first, second)
        if one.objects is not None and one.facts is not None
    ]
    return compare_inputs(listed[0], listed[1]) if len(listed) == 2 else None
