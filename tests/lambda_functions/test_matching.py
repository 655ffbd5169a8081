"""Objects and results that match, compared with a slow obvious reference."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.values.s3_uri import output_key
from in_order import in_order
from inputs import InputObject
from matching import matched

# Characters before and after `.` and `/`, which decide whether results are in another order than inputs.
NAMES = st.text(alphabet="-./0a_é😀", min_size=1, max_size=4)
PREFIX, OUT = "in", "out/run/"


def an_input(name: str, version: int = 1) -> InputObject:
    key = PREFIX + name
    return InputObject(key, str(version), version, output_key(key, PREFIX, OUT, alone=False))


def lines_of(
    at_start: dict[str, int], at_end: dict[str, int], results: set[str], without_result: str = "Missing"
) -> list[dict[str, Any]]:
    return list(
        matched(
            (an_input(name, at_start[name]) for name in sorted(at_start)),
            (an_input(name, at_end[name]) for name in sorted(at_end)),
            ((key, 7) for key in sorted(results)),
            output_prefix=OUT,
            without_result=without_result,
        )
    )


def reference(
    at_start: dict[str, int], at_end: dict[str, int], results: set[str]
) -> Counter[tuple[Any, ...]]:
    expected: Counter[tuple[Any, ...]] = Counter()
    keys: dict[str, list[str]] = {}
    for name in [*sorted(at_start), *sorted(set(at_end) - set(at_start))]:
        keys.setdefault(an_input(name).output_key, []).append(name)
    for written, names in keys.items():
        for at, name in enumerate(names):
            has_result = written in results and at == 0
            if name not in at_start and not has_result:
                continue
            if name in at_start and at_start[name] != at_end.get(name):
                status = "Changed"
            else:
                status = "Completed" if has_result else "Missing"
            expected[PREFIX + name, written, 7 if has_result else None, status] += 1
    for key in results - set(keys):
        expected[None, key, 7, "Stray"] += 1
    return expected


@given(
    st.dictionaries(NAMES, st.integers(1, 2)),
    st.dictionaries(NAMES, st.integers(1, 2)),
    st.sets(NAMES.map(lambda name: f"{OUT}{name.lstrip('/')}.out")),
    st.data(),
)
def test_each_input_has_its_result_or_a_status_that_says_why_not(
    at_start: dict[str, int], changes: dict[str, int], strays: set[str], data: st.DataObject
) -> None:
    kept = {name: version for name, version in at_start.items() if data.draw(st.integers(0, 3)) > 0}
    at_end = kept | changes
    scored = {an_input(name).output_key for name in at_end if data.draw(st.booleans())}
    results = {key for key in scored | strays if not key.removeprefix(OUT).startswith("_")}
    found = lines_of(at_start, at_end, results)
    assert Counter(
        (one["Key"], one["OutputKey"], one["OutputSize"], one["Status"]) for one in found
    ) == reference(at_start, at_end, results)
    assert [one["OutputKey"] for one in found] == sorted(one["OutputKey"] for one in found)


def statuses(lines: list[dict[str, Any]]) -> dict[str | None, str]:
    return {one["Key"]: one["Status"] for one in lines}


def test_a_name_that_continues_another_ones_is_found_although_its_result_comes_first() -> None:
    names = {"/a": 1, "/a-b": 1, "/a.out": 1, "/a.outx": 1, "/a/": 1, "/ab": 1}
    results = {an_input(name).output_key for name in names}
    assert set(statuses(lines_of(names, names, results)).values()) == {"Completed"}


def test_an_object_that_arrived_during_the_run_counts_if_it_was_scored() -> None:
    results = {f"{OUT}a.out", f"{OUT}c.out"}
    found = statuses(lines_of({"/a": 1}, {"/a": 1, "/b": 1, "/c": 1}, results))
    assert found == {"in/a": "Completed", "in/c": "Completed"}


def test_an_empty_object_has_no_record_to_lose() -> None:
    empty = InputObject("in/a", "e", 0, f"{OUT}a.out")
    [line] = matched([empty], [empty], [], output_prefix=OUT, without_result="Missing")
    assert line["Status"] == "Completed"


def test_of_two_objects_with_the_same_result_one_has_lost_it() -> None:
    names = {"/a": 1, "//a": 1}
    assert sorted(statuses(lines_of(names, names, {f"{OUT}a.out"})).values()) == ["Completed", "Missing"]


def test_files_of_the_record_and_of_other_rounds_are_no_stray_results() -> None:
    results = {f"{OUT}{name}" for name in ("_run.json", "_objects.jsonl", "_SUCCESS", "_parts/1/a.csv.out")}
    assert lines_of({}, {}, results) == []
    assert statuses(lines_of({}, {}, {f"{OUT}_x.out", f"{OUT}y.out"})) == {None: "Stray"}


def test_the_objects_of_a_manifest_cannot_be_listed_again() -> None:
    one = InputObject("anywhere/a", None, None, f"{OUT}a.out")
    [line] = matched([one], None, [(one.output_key, 3)], output_prefix=OUT, without_result="Missing")
    assert (line["Status"], line["ETag"], line["Size"]) == ("Completed", None, None)


@pytest.mark.parametrize("most", [1, 2, 3, 1000])
@given(rows=st.sets(st.tuples(NAMES, NAMES)))
def test_rows_are_sorted_also_in_parts(most: int, rows: set[tuple[str, str]]) -> None:
    given_rows = [[*row, 1] for row in rows]
    assert list(in_order(given_rows, most_in_memory=most)) == sorted(given_rows)
