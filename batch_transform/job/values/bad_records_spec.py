"""What a run does about records that the model refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from batch_transform.job.aws.limits import Amount, Text, Whole
from batch_transform.job.values.setting import Setting

OMIT = "omit"
"""The `result` that leaves a bad record out."""

MOST_BAD_RECORDS = 10_000
"""What a run can leave out."""

MOST_ROUNDS = 8
"""Further transform jobs until all bad records are known. Three are usual, even for hundreds among millions."""


@dataclass(frozen=True)
class BadRecordsSpec:
    """How many records of a run may be bad, and what its results have in their place.

    Usage
    -----
        BadRecordsSpec(max_count=100)                                 # left out; needs a join
        BadRecordsSpec(max_percent=0.5, result="ERROR")               # the run fails above 0.5 %
    """

    max_count: Annotated[
        int | None,
        Setting("a run with more bad records fails; at most 10,000", Whole(1, MOST_BAD_RECORDS)),
    ] = None
    max_percent: Annotated[
        float | None,
        Setting(
            "a run in which more than this percentage of all records is bad fails, such as `0.5`",
            Amount(100),
        ),
    ] = None
    result: Annotated[
        str,
        Setting(
            "what the result has in the place of a bad record: `omit` for nothing, or a text, such as `ERROR`. In a "
            "join, the text takes the place of the model's answer",
            Text(1, 1000, r"[^\r\n]+", "one line of text, such as ERROR"),
        ),
    ] = OMIT
    keep_records: Annotated[
        bool,
        Setting(
            "true quotes each bad record in `_bad_records.jsonl`, its first 2 KiB",
            default_reason="the list says where they are, and has no data",
        ),
    ] = False

    @property
    def leaves_out(self) -> bool:
        """Whether a bad record has nothing in its place in the results."""
        return self.result == OMIT
