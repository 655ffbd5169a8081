from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from batch_transform.job.errors import InputError
from batch_transform.parity.case import Case, Expected, load_cases

CASES = load_cases()
BY_ID = {case.id: case for case in CASES}


def written(tmp_path: Path, *cases: object) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(case) + "\n" for case in cases))
    return path


CASE = {"id": "a", "title": "t", "evidence": "documented", "source": "https://example.com"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_names_its_evidence(case: Case) -> None:
    assert case.source.startswith(("https://", "a public "))
    assert case.title
    if case.is_unknown:
        assert case.register
        assert case.expected == Expected()
    else:
        assert case.expected != Expected()


def test_no_case_is_lost() -> None:
    """A wrong case gets other evidence; a case that is removed takes its knowledge with it."""
    assert Counter(case.evidence for case in CASES) == {
        "documented": 33,
        "recorded": 31,
        "inferred": 10,
        "unknown": 37,
    }
    with_a_limit = [case.id for case in CASES if case.completeness]
    assert len(with_a_limit) == 27, "say in `completeness` how much of its source a case has"


def test_recorded_files_are_here_as_they_were_published() -> None:
    """The checksum is that of the whole file, at the commit that the source names."""
    (stored,) = BY_ID["no-second-newline"].inputs.values()
    checksum = "8307b4ca7cdb91ec08e6dd47dab2aba97fd50096100d334eab9f742a52eedf5a"
    assert hashlib.sha256(stored).hexdigest() == checksum
    (rows,) = BY_ID["csv-ids-of-40-customers"].inputs.values()
    assert rows.count(b"\n") == 40


def test_the_questions_that_a_job_can_answer_are_asked() -> None:
    asked = {case.register for case in CASES}
    no_job_tells = {"U20"}  # the longest run time and the number of input objects are quotas
    assert asked - {None} == {f"U{number}" for number in range(1, 21)} - no_job_tells


def test_an_output_may_be_the_same_as_an_input(tmp_path: Path) -> None:
    expected = {"outputs": {"a.out": {"same_as": "in/a"}, "b.out": "y"}}
    (case,) = load_cases([written(tmp_path, {**CASE, "inputs": {"in/a": "x"}, "expected": expected})])
    assert case.expected.outputs == {"a.out": b"x", "b.out": b"y"}


def test_an_input_may_be_text_parts_or_compressed(tmp_path: Path) -> None:
    inputs = {"t": "x", "p": ["a", {"repeat": "b", "times": 3}], "z": {"gzip": "c"}, "b": {"base64": "/w=="}}
    (case,) = load_cases([written(tmp_path, {**CASE, "inputs": inputs})])
    assert gzip.decompress(case.inputs["z"]) == b"c"
    assert (case.inputs["t"], case.inputs["p"], case.inputs["b"]) == (b"x", b"abbb", b"\xff")


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({**CASE, "evidence": "heard"}, "cases.jsonl:1: evidence must be one of documented, recorded"),
        (
            {**CASE, "colour": "red"},
            "cases.jsonl:1: not a case: a case has no member 'colour'; a case is a JSON object with the "
            "strings id, title, evidence, source and, optionally, inputs, settings, model, expected, register, "
            "completeness; "
            "expected may have refused, status, failure_reason, outputs",
        ),
        ([], "cases.jsonl:1: not a case: it is a list, not an object; a case is"),
        (
            {"id": "a"},
            "cases.jsonl:1: not a case: title is missing, evidence is missing, source is missing",
        ),
        (
            {**CASE, "id": 7, "inputs": []},
            "not a case: id is not a string, inputs is not a JSON object; a case is",
        ),
        ({**CASE, "expected": {"colour": 1}}, "not a case: expected has no member 'colour'; a case is"),
        (
            {**CASE, "inputs": {"a": 1}},
            "not a case: a value has the wrong form: .*; a body is a string, a list",
        ),
        ({**CASE, "expected": {"log": 1}}, "not a case: a value has the wrong form"),
        (
            {**CASE, "expected": {"outputs": {"a.out": {"same_as": "in/a"}}}},
            'a value has the wrong form: .*; an output may be {"same_as": input}',
        ),
    ],
)
def test_fails_for_something_that_is_not_a_case(tmp_path: Path, case: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_cases([written(tmp_path, case)])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"id,title\n", "cases.jsonl:1: not JSON: .*; a file of cases has one JSON object per line"),
        (b"\xff\n", "cases.jsonl: a file of cases must be UTF-8 text"),
    ],
)
def test_fails_for_something_that_is_not_json(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        load_cases([path])


def test_fails_for_an_id_that_is_taken(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="several cases have the same id: a"):
        load_cases([written(tmp_path, CASE, CASE)])


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_fails_when_there_is_no_case(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=f"no cases in {path}; a file of cases has one JSON object per line"):
        load_cases([path])


def test_fails_when_the_package_has_lost_its_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_transform.parity.case.CASES", tmp_path)
    with pytest.raises(InputError, match=f"no cases in {tmp_path}, which has no"):
        load_cases()
