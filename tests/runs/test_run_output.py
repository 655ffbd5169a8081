from __future__ import annotations

from typing import Any

import pytest

from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.runs.run_output import RunOutput

COMPLETED: dict[str, Any] = {
    "Outcome": "Completed",
    "TransformJobName": "churn-run-1",
    "S3OutputPath": "s3://out/churn/run",
    "InstanceType": "ml.m5.large",
    "InstanceCount": 2,
    "Attempts": 1,
    "BillableTimeInSeconds": 82,
    "InputObjects": 1,
    "InputBytes": 37_725,
    "OutputObjects": 3,
    "OutputBytes": 999,
    "RunningExecutionArn": None,
}


def test_a_completed_run_shows_where_its_results_are_and_what_it_used() -> None:
    output = RunOutput.of(COMPLETED)
    assert output.place == S3Uri("out", "churn/run")
    assert output.billable_seconds == 82
    assert str(output) == "1 object of 37.7 kB in, 3 objects of 999 bytes out, on 2 x ml.m5.large, 1 attempt"


def test_bad_records_that_were_left_out_are_counted_and_their_list_is_named() -> None:
    output = RunOutput.of({**COMPLETED, "BadRecords": 3})
    assert str(output).endswith("1 attempt; 3 bad records left out, listed in _bad_records.jsonl")
    assert RunOutput.of(COMPLETED).left_out == ""


def test_missing_counts_are_shown_as_not_counted() -> None:
    uncounted = {**COMPLETED, "InputObjects": None, "InputBytes": None, "Attempts": 3}
    text = str(RunOutput.of(uncounted))
    assert text == "objects not counted in, 3 objects of 999 bytes out, on 2 x ml.m5.large, 3 attempts"


def test_counts_that_were_not_finished_are_shown_as_lower_bounds() -> None:
    uncounted = {**COMPLETED, "OutputObjects": None, "OutputBytes": None}
    uncounted["AtLeast"] = {"OutputObjects": 2_000_000, "OutputBytes": 7_000_000_000}
    text = str(RunOutput.of(uncounted))
    assert text.startswith("1 object of 37.7 kB in, at least 2,000,000 objects of 7.0 GB out, on 2 x")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1000, "1.0 kB"), (2_500_000, "2.5 MB"), (7 * 10**9, "7.0 GB"), (10**16, "10,000.0 TB")],
)
def test_sizes_have_readable_units(size: int, text: str) -> None:
    assert f"1 object of {text} in" in str(RunOutput.of({**COMPLETED, "InputBytes": size}))


def test_a_skipped_run_names_the_run_in_progress() -> None:
    skipped = {**dict.fromkeys(COMPLETED), "Outcome": "Skipped", "RunningExecutionArn": "arn:of:another"}
    output = RunOutput.of(skipped)
    assert output.place is None
    assert str(output) == "skipped: arn:of:another is in progress"
