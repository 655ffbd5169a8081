from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from batch_transform.local.up import LocalAws
from batch_transform.parity.case import load_cases
from patience import PATIENCE_SECONDS

CASE = {
    "id": "mine",
    "title": "the model's answer is what comes out",
    "evidence": "inferred",
    "source": "https://example.com",
    "inputs": {"in/a.csv": "1\n"},
    "settings": {"ContentType": "text/csv"},
    "expected": {"status": "Completed", "outputs": {"a.csv.out": "1\n"}},
}


def parity(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "batch_transform.cli.main", "parity", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def case_file(tmp_path: Path, **changes: Any) -> str:
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps({**CASE, **changes}) + "\n")
    return str(path)


def test_the_local_aws_does_what_aws_is_known_to_do() -> None:
    ended = parity("--json")
    results = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [result["id"] for result in results] == [case.id for case in load_cases()]
    assert {result["id"]: result["differences"] for result in results if result["differences"]} == {}
    assert ended.returncode == 0, ended.stderr


def test_a_difference_exits_with_1_and_a_table(tmp_path: Path) -> None:
    wrong = case_file(tmp_path, expected={"status": "Completed", "outputs": {"a.csv.out": "2\n"}})
    with LocalAws() as aws:
        ended = parity("--endpoint-url", aws.endpoint_url, "--cases", wrong)
        again = parity("--endpoint-url", aws.endpoint_url, "--cases", case_file(tmp_path))
    assert ended.returncode == 1, ended.stderr
    assert r"a.csv.out: '1\n', not '2\n'" in ended.stdout
    assert "1 cases: 0 same, 1 different, 0 not documented" in ended.stdout
    assert again.returncode == 0, again.stderr
    assert "1 cases: 1 same, 0 different, 0 not documented" in again.stdout


def test_a_case_that_is_not_documented_shows_the_outcome_here() -> None:
    ended = parity("--case", "u2-blank-line", "--case", "u9-one-line-too-few")
    assert ended.returncode == 0
    assert "not documented (U2)" in ended.stdout
    assert r"a.csv.out: '1,2,0.5\n,0.5\n3,4,0.5\n'" in ended.stdout
    assert "the model answered 2 records to 3" in ended.stdout
    assert "2 cases: 0 same, 0 different, 2 not documented" in ended.stdout


def test_fails_for_a_case_that_does_not_exist() -> None:
    ended = parity("--case", "no-such-case")
    assert ended.returncode == 2
    assert "unknown case no-such-case; the cases are csv-" in ended.stderr


@pytest.mark.parametrize(
    ("address", "message"),
    [("http://127.0.0.1:9", "Could not connect to the endpoint URL"), ("foo", "Invalid endpoint")],
)
def test_fails_in_one_line_when_there_is_no_endpoint(address: str, message: str) -> None:
    ended = parity("--endpoint-url", address)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"error: --endpoint-url {address}: {message}")


def test_fails_if_no_job_may_run_at_once() -> None:
    ended = parity("--at-once", "0")
    assert ended.returncode == 2
    assert "0 is not in the range x>=1" in ended.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--bucket", "b"), "--aws requires --image-uri, --role"),
        (
            ("--bucket", "b", "--role", "r", "--image-uri", "i", "--endpoint-url", "http://127.0.0.1:1"),
            "--aws and --endpoint-url cannot be combined; keep one of them",
        ),
    ],
)
def test_fails_for_missing_or_conflicting_options_on_aws(options: tuple[str, ...], message: str) -> None:
    ended = parity("--aws", *options)
    assert ended.returncode == 2
    assert message in ended.stderr


def test_on_aws_the_cost_is_shown_and_nothing_runs_without_consent() -> None:
    ended = parity("--aws", "--bucket", "b", "--role", "r", "--image-uri", "i", typed="n\n")
    assert ended.returncode == 0
    assert "transform jobs, each on one ml.m5.large" in ended.stdout
    assert "USD" in ended.stdout
    assert "nothing was run" in ended.stderr
