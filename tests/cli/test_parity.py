from __future__ import annotations

import json
import os
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


def parity(*arguments: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "batch_transform.cli.main", "parity", *arguments],
        input=typed,
        env={**os.environ, **environment},
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


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-such-case", "unknown case no-such-case; the 1"),
        ("u2-blank-lines", "unknown case u2-blank-lines; did you mean u2-blank-line"),
    ],
)
def test_fails_for_a_case_that_does_not_exist(name: str, said: str) -> None:
    ended = parity("--case", name)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr) < 1000


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
        (("--step", "1", "--bucket", "b"), "--aws requires --image-uri, --role for step 1"),
        (("--step", "U22", "--step", "0"), "--aws requires --image-uri, --role, --bucket for step U22"),
        (
            ("--endpoint-url", "http://127.0.0.1:1"),
            "--aws and --endpoint-url cannot be combined; keep one of them",
        ),
        (("--step", "U25"), "unknown step U25; the steps are 0, 1, U1"),
        (("--step", "U22", "--size", "U22"), "--size U22: write STEP=NUMBER"),
    ],
)
def test_fails_for_missing_or_conflicting_options_on_aws(options: tuple[str, ...], message: str) -> None:
    ended = parity("--aws", *options)
    assert ended.returncode == 2
    assert message in ended.stderr


ON_AWS = ("--aws", "--bucket", "b", "--role", "r", "--image-uri", "i")


def test_on_aws_the_price_of_each_step_is_shown_and_nothing_runs_without_consent() -> None:
    steps = ("--step", "0", "--step", "1", "--step", "U22", "--step", "U23")
    ended = parity(*ON_AWS, *steps, "--price", "0.2", typed="n\n")
    assert (ended.returncode, ended.stdout) == (0, "")
    rows = {
        cells[1].strip(): cells for line in ended.stderr.splitlines() if len(cells := line.split("│")) > 5
    }
    assert [rows[step][-2].strip() for step in ("0", "U23")] == ["0", "0"]
    assert rows["U22"][-3].strip() == "150,000"
    assert rows["U22"][-2].strip() == "USD 0.81"
    assert rows["1"][-2].strip().startswith("USD ")
    assert "USD 0.2 per hour for ml.m5.large in us-east-1 (--price" in ended.stderr
    assert "S3 Standard in us-east-1, November 2026" in ended.stderr
    assert "nothing was run" in ended.stderr


def test_a_price_that_is_not_known_leaves_the_instance_hours() -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_DEFAULT_REGION": "eu-west-1"}
    ended = parity(*ON_AWS, "--step", "U21", typed="n\n", **nowhere)
    assert "not known" in ended.stderr
    assert "0.11" in ended.stderr  # five minutes, and a tenth of a second for each of 1,000 objects
    assert "the price isn't known" in ended.stderr


def test_the_probes_measure_and_say_what_they_found() -> None:
    sizes = {"U21": 40, "U22": 120, "U23": 30, "U24": 60}
    options = [each for name, size in sizes.items() for each in ("--step", name, "--size", f"{name}={size}")]
    ended = parity("--json", *options)
    assert ended.returncode == 0, ended.stderr
    found = {line["probe"]: line for line in map(json.loads, ended.stdout.splitlines())}
    assert {name: line["size"] for name, line in found.items()} == sizes
    u21, u22, u23, u24 = (found[name]["found"] for name in sizes)
    assert (u21["status"], u21["outputs"], u21["outputs_of_refused"], u21["continues"]) == (
        "Failed",
        37,
        0,
        True,
    )
    assert u21["seconds_an_object"] > 0
    assert (u22["status"], u22["outputs"], u22["other_names"]) == ("Completed", 120, [])
    assert u22["as_expected"] == {"in the prefix": 40, "in a folder": 40, "in two folders": 40}
    assert (u23["answers"], u23["throttled"]) == ({"ValidationException": 30}, 0)
    assert (u24["status"], u24["was_stopped"], u24["uploads"]) == ("Stopped", True, 0)
    assert 0 < u24["outputs_before"] < 60
    assert u24["outputs"] == u24["whole"]


def test_a_probe_is_told_in_sentences() -> None:
    ended = parity("--step", "U23", "--size", "U23=5")
    assert ended.returncode == 0, ended.stderr
    assert "U23 (size 5): how many CreateTransformJob calls a second are throttled?" in ended.stdout
    assert "5 ValidationException" in ended.stdout
