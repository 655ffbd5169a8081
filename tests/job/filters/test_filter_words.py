from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.filters.filter_words import Row, csv_words, json_words
from batch_transform.job.filters.json_path import JsonPath

FIVE = Row.of(("id", "age", "plan", "charges", "tenure"))
WIDE = Row.of(tuple(f"c{number}" for number in range(31)))
ANSWER = Row.of(("score", "label"))


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        ("$", FIVE, "all 5 columns: id, age, plan, charges and tenure"),
        ("$[1:]", FIVE, "all columns except id: 4 columns, age, plan, charges and tenure"),
        ("$[1:]", WIDE, "all columns except c0: 30 columns, c1, c2, c3, … c30"),
        ("$[0]", FIVE, "id"),
        ("$[2,0]", FIVE, "plan and id"),
        ("$[1:3]", FIVE, "age, plan and charges"),
        ("$[0,5,6,7,8,9,20]", WIDE, "7 columns: c0, c5 to c9 and c20"),
        (
            "$[9]",
            FIVE,
            "nothing, and the job fails: Invalid JsonPath: $[9]: index 9 is out of range: there are only 5",
        ),
        ("$[0,-1]", FIVE.followed_by(ANSWER), "id and label"),
        ("$[0,-1]", Row().followed_by(ANSWER), "column 1 and label"),
        ("$[0,-1]", Row(head=("id",)), "id and the last column"),
        ("$[0,-2,-3]", FIVE.followed_by(Row()), "id, column 2 from the end and column 3 from the end"),
        ("$[2]", Row(), "column 3"),
        ("$[1:]", Row(), "all columns except the first"),
        ("$[1:]", Row(head=("id",)), "all columns except the first, id"),
        ("$[2:]", Row(), "all columns from column 3 on"),
        ("$[-2:]", Row(), "the last 2 columns"),
        ("$[-1:]", Row(), "the last column"),
        ("$[1:3]", Row(), "column 2 to column 4"),
        ("$", Row(), "all columns"),
        ("$.a", Row(), "nothing, and the job fails: a CSV row has only indexes, no names and no levels"),
        (
            "$[0:-1]",
            FIVE,
            "something that is not documented: AWS doesn't document what a negative end of a slice means; "
            "count the end from the start",
        ),
    ],
)
def test_a_filter_of_a_csv_row_is_described_by_names(text: str, row: Row, words: str) -> None:
    assert csv_words(JsonPath.parse(text), row) == words


@pytest.mark.parametrize(
    ("text", "joined", "words"),
    [
        ("$", False, "the whole record"),
        ("$", True, "the whole record, with the model's answer in its field SageMakerOutput"),
        ("$.features", False, "the field features"),
        (
            "$['id','SageMakerOutput']",
            True,
            "an object with the fields id and SageMakerOutput (the model's answer)",
        ),
        ("$.SageMakerOutput.score", True, "the field score of the model's answer"),
        ("$.SageMakerOutput", False, "the field SageMakerOutput"),
        ("$.a.b[0]", False, "element 1 of the field b of the field a"),
        ("$.a[-1]", False, "the last element of the field a"),
        ("$.a[0,2]", False, "a list of element 1 and element 3 of the field a"),
        ("$.a[1:]", False, "a list from element 2 on of the field a"),
        ("$.a[1:2]", False, "a list from element 2 to element 3 of the field a"),
        ("$.a[-2:]", False, "a list of the last 2 elements of the field a"),
        (
            "$.*",
            False,
            "something that is not documented: AWS doesn't document what * selects; write the fields or the indexes",
        ),
    ],
)
def test_a_filter_of_a_json_record_is_described_by_names(text: str, joined: bool, words: str) -> None:
    assert json_words(JsonPath.parse(text), joined=joined) == words


@given(st.lists(st.integers(-5, 4), min_size=1, max_size=6))
def test_a_few_columns_are_described_by_the_names_that_the_filter_selects(indexes: list[int]) -> None:
    path = JsonPath.parse(f"$[{','.join(map(str, indexes))}]")
    words = csv_words(path, FIVE)
    if not words.startswith(("all ",)):
        said = words.replace(" and ", ", ").split(", ")
        assert said == path.select_cells(FIVE.head)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$[0]", "element 1 of the model's answer"),
        ("$.score", "the field score of the model's answer"),
        ("$['score','label']", "an object with the fields score and label of the model's answer"),
        ("$.scores[0]", "element 1 of the field scores of the model's answer"),
    ],
)
def test_an_output_filter_without_a_join_is_described_for_the_answer(text: str, words: str) -> None:
    assert json_words(JsonPath.parse(text), of_answer=True) == words
