"""`compare` with a stack that is deployed to the local AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from batch_transform.cli.compare_options import Share
from e2e.deployed_commands import Command, commands
from e2e.workflow_stack import Deployed, deployed_jobs

NAMED = {
    "transform": {"max_payload": 3},
    "input": {"content_type": "text/csv", "split_type": "Line", "columns": ["id", "x", "y"]},
    "output": {"accept": "text/csv", "assemble_with": "Line", "columns": ["score", "label"]},
    "data_processing": {"join_source": "Input", "keep": ["id", "score", "label"], "send": ["x", "y"]},
}
JSON_LINES = {
    "input": {"content_type": "application/jsonlines", "split_type": "Line"},
    "output": {"accept": "application/jsonlines", "assemble_with": "Line"},
    "data_processing": {"join_source": "Input"},
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    jobs: dict[str, Any] = {"named": NAMED, "plain": {}, "lines": JSON_LINES}
    with deployed_jobs(tmp_path_factory.mktemp("deployed"), jobs) as found:
        yield found


@pytest.fixture
def batch_transform(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return commands(deployed, tmp_path, monkeypatch, capsys)


def scored(deployed: Deployed, job: str, folder: str, text: str, **overrides: object) -> str:
    """Score a file, and return the execution."""
    place = deployed.upload(job, folder, "a.txt", text)
    run = deployed.run(job, {"input.data": place, **overrides})
    assert run["status"] == "SUCCEEDED", run.get("cause")
    return str(run["executionArn"])


def test_two_runs_are_compared_in_definition_and_predictions(
    batch_transform: Command, deployed: Deployed, tmp_path: Path
) -> None:
    rows = [f"k{number},0.{number:02},{'cat' if number % 2 else 'dog'}" for number in range(100)]
    first = scored(deployed, "named", "first", "\n".join(rows) + "\n")
    rows[7] = "k7,0.5,dog"
    second = scored(
        deployed, "named", "second", "\n".join(rows[:99]) + "\nnew,0.1,cat\n", **{"transform.max_payload": 2}
    )

    done = batch_transform("compare", first, second, "--max-changed", "5%")
    assert (done.code, done.err) == (0, "")
    assert "MaxPayloadInMB" in done.out
    assert "99 keys in both runs" in done.out
    assert "changed   1 of 99 keys in both runs (1.010%)" in done.out
    assert "share     2.970% of all keys changed or are in one run only" in done.out
    assert "within --max-changed 5.000%: score, label" in done.out
    [moves] = [line.split() for line in done.out.splitlines() if line.startswith("cat ")]
    assert moves == ["cat", "1", "·"]

    done = batch_transform(
        "compare", first, second, "--prediction", "label", "--max-changed", "0.01", "--json"
    )
    assert done.code == 1
    assert "error: 2.970% of the keys changed in label, more than --max-changed 1.000%" in done.err
    report = json.loads(done.out)
    assert (report["key"], report["passed"], report["keys"]["total"]) == ("id", False, 101)
    [label] = report["predictions"]
    assert label["moves"] == [{"first": "cat", "second": "dog", "count": 1}]
    assert {"name": "MaxPayloadInMB", "first": 3, "second": 2} in report["differences"]

    assert batch_transform("fetch", first, "--to", "one").code == 0
    done = batch_transform("compare", "one", first, "--max-changed", "0%")
    assert (done.code, done.err) == (0, "")
    done = batch_transform("compare", "one", "one", "--key", "1", "--prediction", "3")
    assert "changed   0 of 100 keys in both runs" in done.out


def test_json_lines_are_joined_by_a_field(batch_transform: Command, deployed: Deployed) -> None:
    texts = [
        "".join(json.dumps({"id": number, "label": number == same}) + "\n" for number in range(4))
        for same in (1, 2)
    ]
    runs = [scored(deployed, "lines", str(number), text) for number, text in enumerate(texts)]
    done = batch_transform("compare", *runs, "--prediction", "SageMakerOutput.label", "--json")
    assert (done.code, done.err) == (0, "")
    report = json.loads(done.out)
    assert (report["key"], report["predictions"][0]["changed"]) == ("id", 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plain", "plain"], "no column of the input by name"),
        (["plain", "plain", "--key", "9"], "--key 9: the results have no such column among 3"),
        (["plain", "no-such-run"], "there is no run no-such-run"),
        (["plain", "."], "has no results: no file in it has a name that ends with .out"),
        (["plain", "plain", "--max-changed", "2"], "2 is not a share; write 1% or 0.01"),
    ],
)
def test_fails_with_2_when_the_input_is_wrong(
    batch_transform: Command, deployed: Deployed, arguments: list[str], message: str
) -> None:
    scored(deployed, "plain", "data", "a,1,2\n")
    done = batch_transform("compare", *arguments)
    assert done.code == 2
    assert message in done.err


@pytest.mark.parametrize(
    ("text", "share"), [("1%", 0.01), ("0.5 %", 0.005), ("0.25", 0.25), ("0", 0.0), ("100%", 1.0)]
)
def test_a_share_is_a_percentage_or_a_fraction(text: str, share: float) -> None:
    assert Share().convert(text, None, None) == pytest.approx(share)


@pytest.mark.parametrize("text", ["101%", "-1%", "1.5", "few", "%", "nan"])
def test_fails_for_anything_else(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a share"):
        Share().convert(text, None, None)
