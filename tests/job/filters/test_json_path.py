"""The filter language: legal filters, AWS's messages for all others, and what a filter selects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.errors import FilterMissError, FilterSyntaxError, InvalidFilterError
from batch_transform.job.filters.json_path import (
    MAX_LENGTH,
    JsonPath,
    JsonValue,
    check_filter_text,
    check_filter_type,
)

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
def test_fails_for_filters_that_are_illegal_by_awss_pages_or_recorded_jobs(text: str) -> None:
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
def test_a_filter_on_a_row_selects_cells_in_its_own_order_with_inclusive_ends(
    text: str, selected: str
) -> None:
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
def test_fails_when_a_document_lacks_a_field_of_the_filter(text: str) -> None:
    with pytest.raises(FilterMissError, match="Invalid JsonPath"):
        JsonPath.parse(text).select({"id": 1, "list": [1, 2]})


@pytest.mark.parametrize(
    "text", ["$.*", "$[*]", "$.id.*", "$[0:-1]", "$['a','b'].c", "$[0,1][0]", "$[1:][0]"]
)
def test_fails_with_a_hint_for_a_filter_whose_result_aws_does_not_document(text: str) -> None:
    path = JsonPath.parse(text)
    assert path.undefined is not None
    with pytest.raises(FilterMissError, match="AWS doesn't document"):
        path.select({"id": {"a": 1}})
    with pytest.raises(FilterMissError, match="AWS doesn't document"):
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
    check_filter_text("$[0:2,246:]", content_type="text/csv")  # CreateTransformJob accepts it
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
def test_fails_for_names_on_csv_in_any_case_and_with_any_parameters_of_the_type(text: str) -> None:
    with pytest.raises(InvalidFilterError, match="Supported operators for"):
        JsonPath.parse(text, content_type="Text/CSV; charset=utf-8")


def test_fails_for_index_paths_that_no_row_can_follow() -> None:
    with pytest.raises(FilterSyntaxError, match="a text/csv row is an array of cells"):
        JsonPath.parse("$[1][2]", content_type="text/csv")


def test_the_result_of_all_elements_of_a_row_is_undefined() -> None:
    path = JsonPath.parse("$[*]", content_type="text/csv")
    assert path.undefined
    with pytest.raises(FilterMissError):
        path.positions(3)


@given(st.text(alphabet="$[]*. ,:-'ab01_\"é", max_size=70))
def test_any_text_is_a_path_or_raises_our_own_error(text: str) -> None:
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


ELEVEN = dict.fromkeys("abcdefghijk", 1)


@pytest.mark.parametrize(
    ("text", "value", "why"),
    [
        ("$.z", {"a": 1, "b": 2}, "there is no 'z' among 'a', 'b'"),
        ("$['a','z']", {"a": 1}, "there is no 'z' among 'a'"),
        ("$.z", {}, "there is no 'z' among no names at all"),
        ("$.z", ELEVEN, "there is no 'z' among 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'"),
        ("$.a.b", {"a": 1}, "a name is applied to a value that isn't an object"),
        ("$['a','b']", [1], "a name is applied to a value that isn't an object"),
        ("$[0]", {"a": 1}, "an index is applied to a value that isn't an array"),
        ("$.a[1:]", {"a": "text"}, "an index is applied to a value that isn't an array"),
        ("$[2]", [1, 2], "index 2 is out of range: there are only 2"),
        ("$[0,-3]", [1, 2], "index -3 is out of range: there are only 2"),
        ("$[1:0]", [1, 2], "the slice ends before it starts"),
        ("$[*]", [1], "AWS doesn't document what * selects; write the fields or the indexes"),
        (
            "$[0:-1]",
            [1],
            "AWS doesn't document what a negative end of a slice means; count the end from the start",
        ),
        (
            "$[0:1][0]",
            [1],
            "AWS doesn't document steps after a list or a slice; put the list or the slice last",
        ),
    ],
)
def test_fails_with_the_part_that_a_document_lacks(text: str, value: JsonValue, why: str) -> None:
    with pytest.raises(FilterMissError) as failure:
        JsonPath.parse(text).select(value)
    assert str(failure.value) == f"Invalid JsonPath: {text}: {why}"


@pytest.mark.parametrize("text", ["$.a", "$['a','b']", "$[0][0]", "$.a[0]"])
def test_fails_for_names_and_levels_in_a_row(text: str) -> None:
    with pytest.raises(FilterMissError, match=r"a CSV row has no names and no levels, only indexes$"):
        JsonPath.parse(text).select_cells(LETTERS)


@pytest.mark.parametrize(
    ("text", "content_type", "message"),
    [
        (
            "$" + "a" * 63,
            None,
            'Invalid InputFilter: "$' + "a" * 63 + '". It has 64 characters, SageMaker takes at most 63',
        ),
        ("id", None, 'Invalid InputFilter: "id". A JsonPath begins with $'),
        (
            "$.\u00e9",
            None,
            'Invalid InputFilter: "$.\u00e9". Unexpected "\u00e9", U+00E9 (latin small letter e with acute) in'
            " JsonPath. Supported operators are ['$', '[', ']', '*', '.', ' ', ',', ':', '-', ''']",
        ),
        (
            "$[1\x00]",
            "text/csv; header=absent",
            'Invalid InputFilter: "$[1\x00]". Unexpected U+0000 (a control character) in JsonPath. Supported operators'
            " for \"text/csv; header=absent\" are ['$', '[', ']', '*', ' ', ',', ':', '-']",
        ),
    ],
    ids=["too long", "without $", "a letter", "what nobody sees"],
)
def test_fails_at_once_with_what_is_wrong_and_what_is_allowed(
    text: str, content_type: str | None, message: str
) -> None:
    with pytest.raises(InvalidFilterError) as refusal:
        check_filter_text(text, member="InputFilter", content_type=content_type)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("$.a..b", "'..b' is none of .name, ['name'], [n] and [start:end]"),
        ("$[a]", "[a] is none of ['name'], ['name','name'], [n], [n,n] and [start:end]"),
    ],
)
def test_fails_with_the_part_that_is_not_a_step(text: str, why: str) -> None:
    with pytest.raises(FilterSyntaxError) as refusal:
        JsonPath.parse(text)
    assert str(refusal.value) == f"Invalid JsonPath: {text}: {why}"


@pytest.mark.parametrize(
    ("member", "content_type", "message"),
    [
        (
            "InputFilter",
            "image/png",
            'Invalid ContentType: "image/png" when InputFilter is: "$[0]". Supported ContentType',
        ),
        ("OutputFilter", None, 'Invalid Accept: "null" when OutputFilter is: "$[0]". Supported Accept'),
    ],
)
def test_fails_for_a_filter_on_a_type_that_has_no_filters(
    member: str, content_type: str | None, message: str
) -> None:
    with pytest.raises(InvalidFilterError) as refusal:
        check_filter_type("$[0]", member=member, content_type=content_type)
    assert str(refusal.value) == (
        f'{message} values are ["application/json", "application/jsonlines", "text/csv"].'
    )
    check_filter_type("$", member=member, content_type=content_type)
    check_filter_type("$[0]", member=member, content_type="Text/CSV; charset=utf-8")


@pytest.mark.parametrize(
    ("text", "forwards"),
    [
        ("$[4:1]", "$[1:4]"),
        ("$[1:0]", "$[0:1]"),
        ("$.a[4:1]", "$.a[1:4]"),
        ("$[0].b[4:1]", "$[0].b[1:4]"),
        *[
            (text, None)
            for text in ("$", "$.a", "$[1:4]", "$[1:1]", "$[0:0]", "$[-1:2]", "$[2:-1]", "$[:2]", "$[2:]")
        ],
    ],
)
def test_a_slice_that_ends_before_it_starts_has_a_forward_form(text: str, forwards: str | None) -> None:
    assert JsonPath.parse(text).forwards == forwards


@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        ("$", ()),
        ("$.a", ()),
        ("$[-1]", (-1,)),
        ("$[0,-1]", (0, -1)),
        ("$[0:]", (0,)),
        ("$[:2]", (2,)),
        ("$.a[1].b[2:3]", (1, 2, 3)),
    ],
)
def test_a_path_lists_every_index_that_it_names(text: str, indexes: tuple[int, ...]) -> None:
    assert JsonPath.parse(text).indexes == indexes
