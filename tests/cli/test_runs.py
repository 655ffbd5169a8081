from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from batch_transform.cli.runs import clock, remark, show_runs
from batch_transform.job.price.price import Cost
from batch_transform.runs.past_runs import RunSummary

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def run(name: str = "churn-nightly", status: str = "SUCCEEDED", **others: object) -> RunSummary:
    known = {
        "run": "20261122T103000-1a2b3c4d",
        "job": name,
        "stack": "BatchTransform",
        "execution_arn": "arn",
        "status": status,
        "started": NOW - timedelta(minutes=90),
        "ended": None if status == "RUNNING" else NOW - timedelta(minutes=20),
        "records": None,
        "input_objects": 3,
        "output_objects": 3,
        "instance_type": "ml.g4dn.12xlarge",
        "instance_count": 1,
        "error": "",
        "cause": "",
    }
    return RunSummary(**(known | others))  # type: ignore[arg-type]  # the values have different types


def shown(*runs: RunSummary, width: int = 80, of_one_job: bool = False) -> list[str]:
    text = io.StringIO()
    show_runs(runs, Console(file=text, width=width), now=NOW, of_one_job=of_one_job)
    return text.getvalue().splitlines()


@pytest.mark.parametrize("of_one_job", [True, False])
def test_each_run_is_one_line_of_80_columns(of_one_job: bool) -> None:
    lines = shown(run("tumours"), run("churn", "RUNNING"), of_one_job=of_one_job)
    assert len(lines) == 4
    assert all(len(line) <= 80 for line in lines)
    assert [line.split()[0] for line in lines[2:]] == ["20261122T103000-1a2b3c4d"] * 2


def test_a_wide_terminal_shows_the_job_and_start_of_each_run() -> None:
    heads, _, row = shown(run(), width=160)
    assert heads.split() == ["run", "job", "status", "started", "took", "objects", "instances"]
    cells = ["churn-nightly", "SUCCEEDED", "11-22", "10:30", "1:10:00", "3", "ml.g4dn.12xlarge"]
    assert row.split()[1:] == cells


def test_the_cost_is_the_last_column_and_an_unknown_one_a_hyphen() -> None:
    text = io.StringIO()
    show_runs(
        [run(), run()],
        Console(file=text, width=160),
        now=NOW,
        of_one_job=True,
        costs=[Cost(1234.5, "USD"), None],
    )
    heads, _, known, unknown = text.getvalue().splitlines()
    assert heads.split()[-1] == "cost"
    assert known.rstrip().endswith("USD 1,234.50")
    assert unknown.rstrip().endswith(" -")


def test_records_are_shown_if_any_were_counted() -> None:
    heads, _, counted, uncounted = shown(run(records=1234), run(instance_count=4), width=160)
    assert "records" in heads
    assert "1,234" in counted
    assert "-  4 x ml.g4dn" in uncounted


def test_a_failed_run_shows_the_reason_below_in_one_line() -> None:
    lines = shown(run(status="FAILED", error="RunInputError", cause=f"bad {'x' * 400}\nmore"), width=160)
    assert lines[-1].startswith("20261122T103000-1a2b3c4d  RunInputError: bad xxx")
    assert "…" in lines[-1]
    assert "more" not in lines[-1]


def test_a_failed_run_shows_the_numbers_at_the_end_of_a_long_reason() -> None:
    cause = (
        f"job churn (jobs/churn.yaml): transform job churn-1 on s3://in/{'a' * 200}/: the results don't match the "
        f"input: s3://in/{'b' * 400}.csv: 10 records in, 7 results out\nnext step: fix the model"
    )
    line = shown(run(status="FAILED", error="ReconciliationError", cause=cause), width=160)[-1]
    assert "  ReconciliationError: the results don't match the input: s3://in/bbb" in line
    assert line.endswith("b.csv: 10 records in, 7 results out")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (3599, "59:59"), (90_000, "25:00:00")]
)
def test_a_duration_looks_like_a_clock(seconds: float, text: str) -> None:
    assert clock(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"retry_of": "20261121T103000-1a2b3c4d"}, "retry of 20261121T103000-1a2b3c4d"),
        ({"retries": 1}, "completed by its retry"),
        ({"retries": 3}, "completed by 3 retries"),
        ({"retries": 1, "status": "FAILED", "error": "E", "cause": "why"}, "has been retried; E: why"),
        ({"status": "FAILED", "error": "E", "cause": "why\nmore"}, "E: why"),
        ({}, ""),
    ],
)
def test_a_remark_says_what_the_columns_cannot(facts: dict[str, object], text: str) -> None:
    assert remark(run(**facts)) == text  # type: ignore[arg-type]  # the values have different types
