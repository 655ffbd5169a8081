from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.errors import FilterMissError
from batch_transform.job.filters.json_path import JsonPath, JsonValue
from batch_transform.job.filters.shortest_path import Place, is_writable, object_path, row_path


def places(indexes: list[int], width: int, *, from_back: bool = False) -> list[Place]:
    return [Place(index, index - width, from_back) for index in indexes]


@pytest.mark.parametrize(
    ("indexes", "width", "path"),
    [
        ([0, 1, 2], 3, "$"),
        ([1, 2], 3, "$[1:]"),
        ([0, 1], 3, "$[:1]"),
        ([1, 2, 3], 5, "$[1:3]"),
        ([1, 2], 4, "$[1,2]"),
        ([2], 3, "$[2]"),
        ([0, 2], 3, "$[0,2]"),
        ([0], 1, "$"),
        ([30], 31, "$[30]"),
        ([0, 199], 200, "$[0,-1]"),
        ([2, 0], 3, "$[2,0]"),
    ],
)
def test_a_row_of_known_width_has_this_path(indexes: list[int], width: int, path: str) -> None:
    assert row_path(places(indexes, width), width) == path


def test_a_column_of_the_answer_is_counted_from_the_end_if_that_fits() -> None:
    assert row_path([Place(0, -3), Place(2, -1, from_back=True)], 3) == "$[0,-1]"
    answers = [Place(index, index - 34, from_back=True) for index in range(0, 34, 2)]
    assert row_path(answers, 34).startswith("$[0,2,4,")


def test_without_the_width_a_slice_has_both_ends() -> None:
    assert row_path([Place(index, None) for index in range(4, 9)], None) == "$[4:8]"
    assert row_path([Place(index, None) for index in range(9)], None) == "$[:8]"


def test_after_a_part_of_unknown_width_columns_are_counted_from_the_end_and_never_sliced() -> None:
    assert row_path([Place(None, index) for index in (-3, -2, -1)], None) == "$[-3,-2,-1]"


@given(st.data())
def test_a_path_selects_its_columns_in_their_order(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 150))
    wanted = data.draw(st.lists(st.integers(0, width - 1), min_size=1, max_size=10, unique=True))
    path = row_path(places(wanted, width), width)
    assert not _has_negative_bound(path)
    assert _selected(path, width) == wanted


@pytest.mark.parametrize("width", [1, 2, 3, 11])
def test_no_legal_path_to_up_to_two_columns_or_a_run_is_shorter(width: int) -> None:
    """Compare with every possible path, tried one by one."""
    indexes = range(-width, width)
    bounds = ["", *map(str, range(width))]
    paths = ["$", *(f"$[{start}:{end}]" for start in bounds for end in bounds)]
    paths += [f"$[{index}]" for index in indexes] + [f"$[{a},{b}]" for a in indexes for b in indexes]
    shortest: dict[tuple[int, ...], int] = {}
    for path in paths:
        selected = tuple(_selected(path, width) or ())
        shortest[selected] = min(len(path), shortest.get(selected, 99))
    for wanted, length in shortest.items():
        if wanted and len(set(wanted)) == len(wanted):
            assert len(row_path(places(list(wanted), width), width)) == length, wanted


@given(st.data())
def test_with_an_unknown_width_a_path_selects_the_same_in_every_possible_row(
    data: st.DataObject,
) -> None:
    """The input is named and the answer is not, or the other way round."""
    named = data.draw(st.integers(1, 12))
    wanted = data.draw(st.lists(st.integers(0, named - 1), min_size=1, max_size=named, unique=True))
    other = data.draw(st.integers(0, 5))
    front = row_path([Place(index, None) for index in wanted], None)
    assert _selected(front, named + other) == wanted
    back = row_path([Place(None, index - named) for index in wanted], None)
    assert _selected(back, named + other) == [other + index for index in wanted]


def _selected(path: str, width: int) -> list[int] | None:
    try:
        return JsonPath.parse(path, content_type="text/csv").positions(width)
    except FilterMissError:
        return None


def _has_negative_bound(path: str) -> bool:
    return ":" in path and "-" in path


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (["text"], "$.text"),
        (["first-name"], "$.first-name"),
        (["first name"], "$['first name']"),
        (["id", "SageMakerOutput"], "$['id','SageMakerOutput']"),
    ],
)
def test_an_objects_fields_have_this_path(names: list[str], path: str) -> None:
    assert object_path(names) == path
    record: dict[str, JsonValue] = {name: name for name in [*names, "other"]}
    selected = JsonPath.parse(path, content_type="application/json").select(record)
    assert selected == (names[0] if len(names) == 1 else {name: name for name in names})


def test_fields_below_a_name_follow_a_dot_as_aws_documents_it() -> None:
    assert object_path(["a", "b"], below="$.SageMakerOutput") == "$.SageMakerOutput.['a','b']"
    assert object_path(["a b"], below="$.SageMakerOutput") == "$.SageMakerOutput['a b']"


@pytest.mark.parametrize("name", ["", "a_b", "a.b", "a'b", "é", "a\n"])
def test_a_filter_cannot_hold_these_names(name: str) -> None:
    assert not is_writable(name)
