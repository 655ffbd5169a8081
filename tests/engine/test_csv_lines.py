"""The quick way over many CSV rows gives what the slow way gives, or leaves it to that."""

from __future__ import annotations

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from batch_transform.engine.csv_lines import CsvLines
from batch_transform.engine.csv_record import parse_row, serialise_row
from batch_transform.job.errors import TransformError
from batch_transform.job.filters.json_path import JsonPath

bounds = st.integers(-4, 6).map(str) | st.just("")
filters = st.one_of(
    st.just("$"),
    st.lists(st.integers(-4, 6), min_size=1, max_size=4).map(
        lambda indexes: f"$[{','.join(map(str, indexes))}]"
    ),
    st.tuples(bounds, bounds).map(lambda ends: f"$[{ends[0]}:{ends[1]}]"),
)
plain = st.lists(st.sampled_from([b"", b"1", b"2.0", b" x", b"\xff"]), min_size=1, max_size=8).map(b",".join)
any_row = st.lists(
    st.sampled_from([b"", b"1", b'"a,b"', b'"a"', b'""', b'"a""b"', b'"', b'a"', b"\r", b'"x"y', b" "]),
    min_size=1,
    max_size=6,
).map(b",".join)
rows = st.lists(plain, min_size=1, max_size=5) | st.lists(any_row, min_size=1, max_size=3)


def slowly(path: JsonPath, texts: list[bytes], answers: list[bytes] | None) -> list[bytes] | None:
    try:
        cells = [parse_row(text) for text in texts]
        if answers is not None:
            cells = [row + parse_row(answer) for row, answer in zip(cells, answers, strict=True)]
        return [serialise_row(path.select_cells(row)) for row in cells]
    except TransformError:
        return None


@given(filters, rows)
def test_rows_are_filtered_as_if_each_had_been_parsed(text: str, found: list[bytes]) -> None:
    path = JsonPath.parse(text)
    try:
        quick = CsvLines(path).filtered(b"\n".join(found))
    except (LookupError, ValueError):
        event("left to the slow way")
        return
    assert quick == slowly(path, found, None)


@given(filters, st.lists(st.tuples(plain, plain) | st.tuples(any_row, any_row), min_size=1, max_size=4))
def test_joined_rows_are_filtered_as_if_each_had_been_parsed(
    text: str, pairs: list[tuple[bytes, bytes]]
) -> None:
    path = JsonPath.parse(text)
    records, answers = [list(each) for each in zip(*pairs, strict=True)]
    are_plain = not any(b'"' in answer or b"\r" in answer for answer in answers)
    try:
        quick = CsvLines(path).joined(b"\n".join(records), answers, plain=are_plain)
    except (LookupError, ValueError):
        event("left to the slow way")
        return
    assert quick == slowly(path, records, answers)


@pytest.mark.parametrize(
    "text",
    [f"$[{index}]" for index in ("0", "1", "2", "-1", "-2", "-3", "0,-1", "2,1", "-2,-3")]
    + [f"$[{ends}]" for ends in ("0:", "1:", "2:", ":2", "0:0", "1:1", "1:2", "-2:", "-2:2")],
)
@pytest.mark.parametrize(
    "row", [b"a,1,2", b"a,1,2\r", b'a,"1,0",2', b'a,"1""",2\r', b'"a",1,2', b'",a","b,","""x"']
)
def test_the_usual_filters_and_rows_have_a_quick_way(text: str, row: bytes) -> None:
    path = JsonPath.parse(text)
    two = [row, row]
    assert CsvLines(path).filtered(b"\n".join(two)) == slowly(path, two, None)
    assert CsvLines(path).joined(b"\n".join(two), [b"x", b"y"], plain=True) == slowly(path, two, [b"x", b"y"])


@pytest.mark.parametrize("row", [b'a"b', b'"a', b'"a"b', b"a\rb,1", b'x,"a" ,y'])
def test_fails_for_rows_that_need_a_closer_look(row: bytes) -> None:
    with pytest.raises(ValueError, match=r"quote|carriage return"):
        CsvLines(JsonPath.parse("$[0]")).filtered(b"fine,1\n" + row)
