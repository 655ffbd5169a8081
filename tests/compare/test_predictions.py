"""The comparison in DuckDB, beside a slow one in Python."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_transform.compare.outcome import QUANTILES, Column, Outcome, stability_index
from batch_transform.compare.predictions import compare
from batch_transform.compare.rows import Rows, chosen, rows_of
from batch_transform.job.errors import CompareError
from batch_transform.job.request.overrides import Columns

CSV_REQUEST = {
    "TransformInput": {"ContentType": "text/csv"},
    "TransformOutput": {"Accept": "text/csv"},
    "DataProcessing": {"JoinSource": "Input", "OutputFilter": "$"},
}
JSON_REQUEST = {**CSV_REQUEST, "TransformOutput": {"Accept": "application/jsonlines"}}
NAMES = Columns(("id",), ("prediction",))

Row = tuple[str, str]


def written(folder: Path, rows: list[Row], *, as_json: bool = False, files: int = 2) -> Rows:
    """Write rows to several files, as a run does, and return them as those of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        part = rows[number::files]
        with io.StringIO(newline="") as text:
            if as_json:
                for key, prediction in part:
                    record = {"id": key or None, "SageMakerOutput": {"prediction": prediction or None}}
                    text.write(json.dumps(record) + "\n")
            else:
                csv.writer(text, lineterminator="\n").writerows(part)
            (folder / f"{number}.out").write_text(text.getvalue(), encoding="utf-8")
    names = Columns() if as_json else NAMES
    return rows_of(sorted(folder.iterdir()), JSON_REQUEST if as_json else CSV_REQUEST, names)


def compared(
    folder: Path, first: list[Row], second: list[Row], *, tolerance: float = 0.0, as_json: bool = False
) -> Outcome:
    rows = written(folder / "first", first, as_json=as_json)
    other_rows = written(folder / "second", second, as_json=as_json)
    return compare(*chosen(rows, other_rows), tolerance=tolerance)


def number_of(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def expect(outcome: Outcome, first: list[Row], second: list[Row], tolerance: float) -> None:
    """Compare everything with what plain Python finds."""
    sides = [defaultdict(list), defaultdict(list)]  # type: ignore[var-annotated]
    for side, rows in zip(sides, (first, second), strict=True):
        for key, prediction in rows:
            side[key].append(prediction)
    [one], keys = outcome.columns, {key for side in sides for key in side if key}
    repeated = {key for key in keys if any(len(side[key]) > 1 for side in sides)}
    here, there = ({key: side[key][0] for key in keys - repeated if side[key]} for side in sides)
    both = here.keys() & there.keys()
    found = outcome.keys
    assert (found.first_rows, found.second_rows) == (len(first), len(second))
    assert found.rows_without_key == len(sides[0][""]) + len(sides[1][""])
    assert (found.both, found.duplicated) == (len(both), len(repeated))
    assert (found.only_first, found.only_second) == (len(here) - len(both), len(there) - len(both))
    if one.are_numbers:
        _expect_numbers(one, here, there, tolerance)
        values = {key: (number_of(here[key]), number_of(there[key])) for key in both}
        changed = sum(
            (a is None) != (b is None) or (a is not None and b is not None and abs(a - b) > tolerance)
            for a, b in values.values()
        )
    else:
        _expect_classes(one, here, there)
        changed = sum(here[key] != there[key] for key in both)
    assert one.changed == changed
    assert one.share == pytest.approx((changed + len(keys) - len(both)) / len(keys))


def _expect_numbers(one: Column, here: dict[str, str], there: dict[str, str], tolerance: float) -> None:
    assert one.first is not None
    assert one.second is not None
    values = [
        [value for text in side.values() if (value := number_of(text)) is not None] for side in (here, there)
    ]
    assert (one.missing_first, one.missing_second) == (
        len(here) - len(values[0]),
        len(there) - len(values[1]),
    )
    for found, numbers in zip((one.first, one.second), values, strict=True):
        assert found.count == len(numbers)
        if numbers:
            assert found.mean == pytest.approx(np.mean(numbers), rel=1e-9, abs=1e-9)
            assert found.quantiles == pytest.approx(np.quantile(numbers, QUANTILES), rel=1e-9, abs=1e-9)
    if all(values):
        edges = sorted(set(np.quantile(values[0], [part / 10 for part in range(1, 10)])))
        bins = [
            np.bincount(np.searchsorted(edges, side), minlength=len(edges) + 1).tolist() for side in values
        ]
        assert one.psi == pytest.approx(stability_index(*bins), rel=1e-6, abs=1e-6)


def _expect_classes(one: Column, here: dict[str, str], there: dict[str, str]) -> None:
    moves = Counter((here[key], there[key]) for key in here.keys() & there.keys() if here[key] != there[key])
    assert {(move.first or "", move.second or ""): move.count for move in one.moves} == moves
    assert one.unlisted_moves == 0
    counts = [Counter(text for text in side.values() if text) for side in (here, there)]
    assert {name: tuple(found) for name, *found in one.classes} == {
        name: (counts[0][name], counts[1][name]) for name in counts[0] | counts[1]
    }


KEYS = st.sampled_from(["", "a", "b,c", 'd"e', "f", "ü", " g", "h", "i", "j"])
CLASSES = st.sampled_from(["yes", "no", "", "per haps", "a,b", '"'])
FRACTIONS = st.one_of(
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: repr(round(value, 3))),
    st.sampled_from(["", "0.5", "1e-3", "nan", "inf", "-0.0", "7"]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    predictions=st.sampled_from([CLASSES, FRACTIONS]),
    tolerance=st.sampled_from([0.0, 0.1, 1000.0]),
    as_json=st.booleans(),
)
def test_any_two_runs_are_compared_as_plain_python_does(
    data: st.DataObject,
    predictions: st.SearchStrategy[str],
    tolerance: float,
    as_json: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rows = st.lists(st.tuples(KEYS, predictions), max_size=12)
    first, second = data.draw(rows), data.draw(rows)
    first, second = (
        ([("same", "no"), *first], [("same", "no"), *second])
        if predictions is CLASSES
        else (
            [("same", "0.25"), *first],
            [("same", "0.25"), *second],
        )
    )
    outcome = compared(tmp_path_factory.mktemp("runs"), first, second, tolerance=tolerance, as_json=as_json)
    expect(outcome, first, second, tolerance)


def test_rows_that_are_matched_in_parts_give_the_same_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [(str(number), f"{number % 7}.5") for number in range(3000)] + [("7", "1"), ("", "2")]
    second = [(str(number), f"{number % 5}.5") for number in range(1000, 4000)]
    whole = compared(tmp_path, first, second)
    monkeypatch.setattr("batch_transform.compare.predictions._PART", 1000)
    assert compared(tmp_path, first, second) == whole
    expect(whole, first, second, tolerance=0)


def test_whole_numbers_are_classes_and_compared_as_numbers(tmp_path: Path) -> None:
    first = [(str(number), str(number % 3)) for number in range(30)]
    second = [(str(number), f"{number % 3}.0") for number in range(30)]
    [column] = compared(tmp_path, first, second).columns
    assert (column.are_numbers, column.changed) == (False, 0)
    assert column.classes == (("0", 10, 10), ("1", 10, 10), ("2", 10, 10))


def test_many_whole_numbers_are_a_quantity(tmp_path: Path) -> None:
    first = [(str(number), str(number)) for number in range(200)]
    second = [(str(number), str(number + 1)) for number in range(200)]
    [column] = compared(tmp_path, first, second, tolerance=1).columns
    assert (column.are_numbers, column.changed, column.mean_difference) == (True, 0, 1)


def test_only_the_most_frequent_moves_are_listed(tmp_path: Path) -> None:
    first = [(str(number), f"a{number % 130}") for number in range(400)]
    second = [(str(number), f"b{number % 130}") for number in range(400)]
    [column] = compared(tmp_path, first, second).columns
    assert (len(column.moves), column.unlisted_moves) == (100, 30)
    assert column.changed == 400
    counts = [move.count for move in column.moves]
    assert counts == sorted(counts, reverse=True)


def test_fails_without_a_common_key(tmp_path: Path) -> None:
    with pytest.raises(CompareError, match="no key is in both runs, out of 1 and 2 rows joined by id"):
        compared(tmp_path, [("a", "x")], [("b", "x"), ("c", "x")])


def test_fails_for_a_file_with_another_number_of_columns_and_names_its_line(tmp_path: Path) -> None:
    first = written(tmp_path / "first", [("a", "x")])
    second = written(tmp_path / "second", [("a", "x")])
    (tmp_path / "second/1.out").write_text("a,x\nb,x,more\n")
    second = Rows((*second.files, tmp_path / "second/1.out"), second.is_json, second.width, second.names)
    with pytest.raises(CompareError, match="Line: 2"):
        compare(*chosen(first, second))
