"""The filter language: what is legal, what AWS says of the rest, and what a filter selects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.spec.errors import FilterMissError, FilterSyntaxError, InvalidFilterError
from batch_transform.spec.json_path import MAX_LENGTH, JsonPath, check_filter_text

LETTERS = list("abcdefghi")


@pytest.mark.parametrize(
    "text",
    [
        "$",
        "$.id",
        "$.id.*",
        "$.features",
        "$['id','SageMakerOutput']",
        "$.field1.['child1','child2']",
        "$[1]",
        "$[1,3,5]",
        "$[0,-1]",
        "$[2:5]",
        "$[:5]",
        "$[2:]",
        "$[1:]",
    ],
)
def test_the_filters_of_awss_pages_are_legal(text: str) -> None:
    assert JsonPath.parse(text).text == text


@pytest.mark.parametrize("text", ["$.field1.['child1','child2.grandchild']", "$[0,5:]"])
def test_fails_for_what_awss_pages_say_or_jobs_show_to_be_illegal(text: str) -> None:
    with pytest.raises(FilterSyntaxError):
        JsonPath.parse(text)


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("$", "abcdefghi"),
        ("$[0]", "a"),
        ("$[-1]", "i"),
        ("$[0,-1]", "ai"),
        ("$[6, -1]", "gi"),
        ("$[2,0]", "ca"),
        ("$[0,0]", "aa"),
        ("$[1:4]", "bcde"),
        ("$[1:1]", "b"),
        ("$[:5]", "abcdef"),
        ("$[5:]", "fghi"),
        ("$[:]", "abcdefghi"),
        ("$[1:]", "bcdefghi"),
        ("$[2:]", "cdefghi"),
        ("$[2:5]", "cdef"),
        ("$[-2:]", "hi"),
        ("$[ 1 : 2 ]", "bc"),
    ],
)
def test_a_filter_on_a_row_takes_cells_as_written_with_inclusive_ends(text: str, selected: str) -> None:
    assert JsonPath.parse(text, content_type="text/csv").select_cells(LETTERS) == list(selected)


@pytest.mark.parametrize("text", ["$[9]", "$[-10]", "$[0,9]", "$[1:9]", "$[9:]", "$[4:3]", "$[-10:]"])
def test_fails_when_a_row_lacks_a_cell_that_the_filter_names(text: str) -> None:
    with pytest.raises(FilterMissError, match="Invalid JsonPath"):
        JsonPath.parse(text).select_cells(LETTERS)


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("$", {"id": 1, "deep": {"a": [1, 2, 3], "b": 2}}),
        ("$.id", 1),
        ("$['id']", 1),
        ("$.deep.b", 2),
        ("$['deep']['b']", 2),
        ("$.deep.['a','b']", {"a": [1, 2, 3], "b": 2}),
        ("$['deep' , 'id']", {"deep": {"a": [1, 2, 3], "b": 2}, "id": 1}),
        ("$.deep.a[0]", 1),
        ("$.deep.a[-1,0]", [3, 1]),
        ("$.deep.a[0:1]", [1, 2]),
        ("$.deep.a[1:]", [2, 3]),
    ],
)
def test_a_filter_on_json_gives_the_bare_value_for_one_and_a_collection_for_several(
    text: str, selected: object
) -> None:
    assert JsonPath.parse(text).select({"id": 1, "deep": {"a": [1, 2, 3], "b": 2}}) == selected


@pytest.mark.parametrize(
    "text", ["$.nothing", "$['id','nothing']", "$.id.deeper", "$[0]", "$.list[2]", "$.list.a"]
)
def test_fails_when_a_document_lacks_what_the_filter_names(text: str) -> None:
    with pytest.raises(FilterMissError, match="Invalid JsonPath"):
        JsonPath.parse(text).select({"id": 1, "list": [1, 2]})


@pytest.mark.parametrize(
    "text", ["$.*", "$[*]", "$.id.*", "$[0:-1]", "$['a','b'].c", "$[0,1][0]", "$[1:][0]"]
)
def test_fails_where_nobody_knows_what_sagemaker_selects_and_says_so(text: str) -> None:
    path = JsonPath.parse(text)
    assert path.undefined is not None
    with pytest.raises(FilterMissError, match="AWS does not say"):
        path.select({"id": {"a": 1}})
    with pytest.raises(FilterMissError, match="AWS does not say"):
        path.select_cells(LETTERS)


def test_fails_at_once_for_an_underscore_with_the_recorded_text() -> None:
    with pytest.raises(InvalidFilterError) as refusal:
        JsonPath.parse(
            "$['account_id','SageMakerOutput']", member="OutputFilter", content_type="application/jsonlines"
        )
    assert str(refusal.value) == (
        "Invalid OutputFilter: \"$['account_id','SageMakerOutput']\". Unexpected \"_\" in JsonPath."
        ' Supported operators for "application/jsonlines" are'
        " ['$', '[', ']', '*', '.', ' ', ',', ':', '-', ''']"
    )
    assert not isinstance(refusal.value, FilterSyntaxError)


def test_fails_for_a_list_of_ranges_at_run_time_with_the_recorded_text() -> None:
    check_filter_text("$[0:2,246:]", content_type="text/csv")  # CreateTransformJob takes it
    with pytest.raises(FilterSyntaxError) as refusal:
        JsonPath.parse("$[0:2,246:]", content_type="text/csv")
    assert str(refusal.value) == (
        "Invalid JsonPath: $[0:2,246:]: only single range filters of format (eg: [1:5]) are supported."
        " Format [0:2,246:] is not supported"
    )


@pytest.mark.parametrize("text", ["", "id", " $", ".id", "$" + "[1]" * 21])
def test_fails_at_once_for_a_filter_that_is_empty_or_does_not_begin_with_a_dollar_or_is_too_long(
    text: str,
) -> None:
    with pytest.raises(InvalidFilterError):
        check_filter_text(text)


def test_a_filter_may_have_sixty_three_characters() -> None:
    assert JsonPath.parse("$." + "a" * (MAX_LENGTH - 2)).text.endswith("a")


@pytest.mark.parametrize(
    "text",
    [
        "$..a",
        "$.",
        "$[",
        "$[]",
        "$[ ]",
        "$['a]",
        "$['a.b']",
        "$a",
        "$[1]]",
        "$['']",
        "$[a]",
        "$[1,'a']",
        "$[--1]",
    ],
)
def test_fails_for_legal_characters_in_an_illegal_order(text: str) -> None:
    check_filter_text(text)
    with pytest.raises(FilterSyntaxError):
        JsonPath.parse(text)


@pytest.mark.parametrize("text", ["$.id", "$['id']", "$['id','name']", "$.id[0]", "$[1].id"])
def test_fails_for_names_on_csv_whatever_the_case_and_the_parameters_of_the_type(text: str) -> None:
    with pytest.raises(InvalidFilterError, match="Supported operators for"):
        JsonPath.parse(text, content_type="Text/CSV; charset=utf-8")


def test_fails_for_index_paths_that_no_row_can_follow() -> None:
    with pytest.raises(FilterSyntaxError, match="a text/csv row is an array of cells"):
        JsonPath.parse("$[1][2]", content_type="text/csv")


def test_what_all_elements_of_a_row_are_is_not_known() -> None:
    path = JsonPath.parse("$[*]", content_type="text/csv")
    assert path.undefined
    with pytest.raises(FilterMissError):
        path.positions(3)


@given(st.text(alphabet="$[]*. ,:-'ab01_\"é", max_size=70))
def test_any_text_is_a_path_or_a_refusal_of_our_own(text: str) -> None:
    try:
        path = JsonPath.parse(text)
    except InvalidFilterError as refusal:
        assert str(refusal)
    else:
        assert path.text == text


@given(st.integers(-12, 12), st.integers(0, 12) | st.none(), st.lists(st.integers(), max_size=10))
def test_slices_agree_with_a_slow_walk_over_the_columns(
    start: int, end: int | None, cells: list[int]
) -> None:
    path = JsonPath.parse(f"$[{start}:{'' if end is None else end}]")
    first = start + len(cells) if start < 0 else start
    last = len(cells) - 1 if end is None else end
    if 0 <= first <= last < len(cells):
        assert path.select_cells(cells) == [cell for at, cell in enumerate(cells) if first <= at <= last]
    else:
        with pytest.raises(FilterMissError):
            path.select_cells(cells)
