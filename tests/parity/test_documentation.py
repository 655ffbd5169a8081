"""The page on parity names tests and cases: all of them exist, and every case is on the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from batch_transform.parity.case import load_cases
from batch_transform.parity.probes import PROBES

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs/how-it-works/parity.md").read_text(encoding="utf-8")
EVIDENCE = ("documented", "AWS's own code", "recorded", "inferred", "unknown")


def rows(text: str, columns: int) -> list[list[str]]:
    """The rows of the tables with so many columns, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if len(row) == columns and row[0] not in {"behavior", ""}]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE))))
def test_a_named_test_exists(name: str) -> None:
    path, _, function = name.partition("::")
    code = (PROJECT / path).read_text(encoding="utf-8")
    assert re.search(rf"^def {function or 'test_'}", code, re.MULTILINE), f"there is no {name}"
    if function:
        assert f"def {function}(" in code, f"there is no {name}"


def test_the_cases_are_those_of_the_suite() -> None:
    assert set(re.findall(r"`parity:([^`]+)`", PAGE)) == {case.id for case in load_cases()}


def test_each_behavior_has_its_evidence_and_is_covered() -> None:
    known, _, unknown = PAGE.partition("## Open questions")
    for behavior, evidence, covered_by in rows(known, 3):
        assert evidence == "\N{EN DASH}" or any(kind in evidence for kind in EVIDENCE), behavior
        assert covered_by.startswith("`"), behavior
    assert [row[0] for row in rows(unknown, 4)] == [f"U{number}" for number in range(1, 26)]


def test_every_probe_is_an_open_question() -> None:
    _, _, unknown = PAGE.partition("## Open questions")
    probed = {row[0] for row in rows(unknown, 4) if row[3] == f"`--step {row[0]}`"}
    assert probed == {probe.id for probe in PROBES}
