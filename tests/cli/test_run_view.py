from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batch_transform.cli.run_view import left_text, status_text
from batch_transform.cli.run_view import progress_text as job_text
from batch_transform.cli.transfer_view import progress_text
from batch_transform.runs.execution import TransformJobProgress


def job(seconds: float, records: int | None = None, **counts: Any) -> TransformJobProgress:
    return TransformJobProgress(
        name="j",
        status="InProgress",
        records=records,
        files=None,
        seconds=seconds,
        data_processing={},
        accept=None,
        counts=counts,
    )


@pytest.mark.parametrize(
    ("progress", "total", "seconds", "text"),
    [
        (job(10, 5, bytes_read=1_000_000), 4_000_000, None, ", 1.0 MB of 4.0 MB (25%), 30 s to go"),
        (job(10, 5, bytes_read=5_000_000), 4_000_000, None, ", 5.0 MB of 4.0 MB (100%), 0 s to go"),
        (job(10, 5, bytes_read=1), None, 60, ""),
        (job(20), 4_000_000, 90, ", about 1 min 10 s to go"),
        (job(100), 4_000_000, 90, ", longer than the expected 1 min 30 s"),
        (job(100), 4_000_000, None, ""),
        (replace(job(100), has_started=False), 4_000_000, 90, ", about 1 min 30 s to go"),
        (replace(job(100), round=1), 4_000_000, 90, ""),
    ],
)
def test_progress_says_how_much_is_left(
    progress: TransformJobProgress, total: int | None, seconds: float | None, text: str
) -> None:
    assert left_text(progress, total, seconds) == text


def test_the_time_of_a_run_never_goes_back() -> None:
    waiting = replace(job(200), elapsed=210, has_started=False)
    scoring = replace(job(1), elapsed=211)
    second_attempt = replace(job(0), elapsed=212, has_started=False)
    assert [job_text(one) for one in (waiting, scoring, second_attempt)] == ["210 s", "211 s", "212 s"]


@pytest.mark.parametrize(
    ("round_", "status", "text"),
    [
        (0, "Failed", "Failed"),
        (1, "InProgress", "bad records, round 1: InProgress"),
        (2, "Failed", "bad records, round 2: sections without a result have bad records"),
        (2, "Completed", "bad records, round 2: every section has a result"),
    ],
)
def test_a_round_that_found_bad_records_is_not_said_to_have_failed(
    round_: int, status: str, text: str
) -> None:
    assert status_text(replace(job(1), round=round_, status=status)) == text


@pytest.mark.parametrize(
    ("done", "total", "seconds", "text"),
    [
        (12_000_000, 40_000_000, 4.0, "12.0 MB of 40.0 MB (30%), 3.0 MB/s, 9 s to go"),
        (0, 40_000_000, 4.0, "0 bytes of 40.0 MB (0%)"),
        (0, 0, 1.0, "0 bytes"),
    ],
)
def test_a_transfer_says_how_much_of_how_much(done: int, total: int, seconds: float, text: str) -> None:
    assert progress_text(done, total, seconds) == text
