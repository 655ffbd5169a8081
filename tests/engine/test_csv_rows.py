"""The quick way over plain CSV rows gives what the slow way gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine.csv_record import parse_row, serialise_row
from batch_transform.engine.csv_rows import is_plain, row_filter
from batch_transform.spec.errors import FilterMissError
from batch_transform.spec.json_path import JsonPath

bounds = st.integers(-4, 6).map(str) | st.just("")
filters = st.one_of(
    st.just("$"),
    st.lists(st.integers(-4, 6), min_size=1, max_size=4).map(
        lambda indexes: f"$[{','.join(map(str, indexes))}]"
    ),
    st.tuples(bounds, bounds).map(lambda ends: f"$[{ends[0]}:{ends[1]}]"),
)


@given(
    filters,
    st.lists(st.sampled_from([b"", b"1", b"2.0", b" x", b"\xff"]), min_size=1, max_size=8).map(b",".join),
)
def test_a_plain_row_is_filtered_as_if_it_had_been_parsed(text: str, row: bytes) -> None:
    path = JsonPath.parse(text)
    quick = row_filter(path)
    if quick is None:
        return
    try:
        expected = serialise_row(path.select_cells(parse_row(row)))
    except FilterMissError:
        with pytest.raises(IndexError):
            quick(row)
    else:
        assert quick(row) == expected


@pytest.mark.parametrize("text", ["$", "$[0]", "$[-1]", "$[0,-1]", "$[1:]", "$[:5]", "$[1:4]", "$[-2:]"])
def test_the_usual_filters_have_a_quick_way(text: str) -> None:
    assert row_filter(JsonPath.parse(text)) is not None


@pytest.mark.parametrize("text", ["$[*]", "$[0:-1]", "$[0][1]", "$.a"])
def test_paths_that_select_nothing_known_have_no_quick_way(text: str) -> None:
    assert row_filter(JsonPath.parse(text)) is None


def test_rows_with_quotes_or_carriage_returns_are_not_plain() -> None:
    assert is_plain(b"a,b c,\xff")
    assert not is_plain(b'a,"b"')
    assert not is_plain(b"a,b\r")
