from __future__ import annotations

import pytest

from batch_transform.job.errors import Problem
from batch_transform.job.rules import request_problems

TOKEN = "${Token[TOKEN.1]}"


def of(
    content_type: str | None = "text/csv",
    accept: str | None = "text/csv",
    split: str | None = "Line",
    assemble: str | None = "Line",
    **processing: str,
) -> list[Problem]:
    given = {"ContentType": content_type, "SplitType": split}
    taken = {"Accept": accept, "AssembleWith": assemble}
    return request_problems(
        {
            "ModelName": "demo-model",
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}},
                **{name: value for name, value in given.items() if value is not None},
            },
            "TransformOutput": {
                "S3OutputPath": "s3://bucket/out/",
                **{name: value for name, value in taken.items() if value is not None},
            },
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            "DataProcessing": processing,
        }
    )


def codes(found: list[Problem]) -> list[tuple[str, str, str]]:
    return [(one.code, one.field.rpartition(".")[2], one.severity) for one in found]


@pytest.mark.parametrize("member", ["InputFilter", "OutputFilter"])
@pytest.mark.parametrize("type_", ["text/plain", "application/x-other"])
def test_a_filter_needs_one_of_three_types_on_its_own_side(member: str, type_: str) -> None:
    sides = {"InputFilter": (type_, "text/csv"), "OutputFilter": ("text/csv", type_)}
    found = of(*sides[member], **{member: "$[0]"})
    assert [one.code for one in found if one.is_error] == ["filter-type-unfit"]
    place = {"InputFilter": "input.content_type", "OutputFilter": "output.accept"}[member]
    assert any(f"Write one of them in {place}, or leave the filter out" in one.message for one in found)
    assert of(*sides[member][::-1], **{member: "$[0]"}) == []


def test_a_filter_of_a_side_whose_type_only_the_deployment_knows_is_checked_as_a_path_alone() -> None:
    assert of(TOKEN, InputFilter="$[0]") == []
    assert [one.code for one in of(TOKEN, InputFilter="$[")] == ["filter-syntax"]
    assert of(InputFilter=TOKEN) == []


def test_a_list_of_ranges_fails_only_the_running_job_and_the_message_says_so() -> None:
    (problem,) = of(InputFilter="$[0:1,3:4]")
    assert (problem.code, problem.severity) == ("filter-syntax", "error")
    assert problem.message.endswith("; CreateTransformJob accepts it, and the job then fails")


def test_a_path_whose_result_is_not_documented_is_a_warning() -> None:
    found = of("application/json", "application/json", InputFilter="$.*")
    assert codes(found) == [("filter-undefined", "input_filter", "warning")]


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (2**31 - 1, []),
        (2**31, ["filter-index-too-large"]),
        (-(2**31), ["filter-index-too-large"]),
        (1 - 2**31, []),
    ],
)
def test_an_index_that_no_record_has_is_a_warning(index: int, expected: list[str]) -> None:
    found = of(InputFilter=f"$[{index}]")
    assert [one.code for one in found] == expected
    assert not any(one.is_error for one in found)


@pytest.mark.parametrize("split", [None, "None", "RecordIO", "TFRecord"])
def test_a_filter_on_csv_rows_without_lines_is_a_warning_that_names_the_split(split: str | None) -> None:
    (problem,) = of(split=split, assemble=None, InputFilter="$[0]")
    assert codes([problem]) == [("filter-csv-needs-line", "input_filter", "warning")]
    assert f"input.split_type is {split}" in problem.message
    assert of(split=split, assemble=None, InputFilter="$") == []
    assert of("application/json", split=split, assemble=None, InputFilter="$[0]") == []
    assert of(split=split, assemble=None, OutputFilter="$[0]") == []


def joined(*args: str | None) -> list[tuple[str, str, str]]:
    return codes(of(*args, JoinSource="Input"))


@pytest.mark.parametrize(
    ("content_type", "accept", "expected"),
    [
        ("text/csv", "application/json", [("join-types-differ", "accept", "error")]),
        ("text/csv", "text/csv; charset=utf-8", [("join-types-differ", "accept", "error")]),
        ("text/csv", "application/x-other", [("join-type-unfit", "accept", "error")]),
        ("application/x-other", "text/csv", [("join-type-unfit", "content_type", "error")]),
        ("text/csv", None, [("join-needs-accept", "accept", "error")]),
        (None, "text/csv", [("join-needs-content-type", "content_type", "error")]),
        ("text/csv", TOKEN, []),
        (TOKEN, "text/csv", []),
    ],
)
def test_a_join_needs_the_same_type_on_both_sides(
    content_type: str | None, accept: str | None, expected: list[tuple[str, str, str]]
) -> None:
    assert joined(content_type, accept) == expected


@pytest.mark.parametrize(
    ("type_", "split", "assemble", "expected"),
    [
        ("text/csv", "Line", None, [("join-csv-needs-line", "assemble_with", "error")]),
        ("text/csv", None, "Line", [("join-csv-needs-line", "split_type", "error")]),
        ("application/json", None, "Line", [("join-split-differs", "assemble_with", "error")]),
        ("application/jsonlines", "None", "None", [("join-json-lines-whole", "split_type", "warning")]),
        ("application/json", "RecordIO", "None", [("join-split-unfit", "split_type", "error")]),
        ("text/csv", TOKEN, "Line", []),
        ("application/json", "Line", TOKEN, []),
    ],
)
def test_a_join_needs_the_same_split_on_both_sides(
    type_: str, split: str | None, assemble: str | None, expected: list[tuple[str, str, str]]
) -> None:
    assert [
        one for one in joined(type_, type_, split, assemble) if one[0] != "answers-without-lines"
    ] == expected


def test_nothing_of_a_join_is_checked_without_one() -> None:
    assert of("text/csv", "application/json", JoinSource="None") == []
    assert of("text/csv", "application/json", JoinSource=TOKEN) == []


@pytest.mark.parametrize(
    ("type_", "text", "fix"),
    [
        ("application/json", "$['a\u200bb']", "; use a plain space, or none"),
        ("application/json", "$[`a`]", "; write straight quotes '"),
        ("application/json", "a_b", "list of"),
        ("text/csv", "id", ""),
    ],
)
def test_a_fix_is_only_suggested_for_what_it_fixes(type_: str, text: str, fix: str) -> None:
    (problem,) = (one for one in of(type_, type_, InputFilter=text) if one.is_error)
    assert problem.code == "filter-refused"
    if fix.startswith(";"):
        assert problem.message.endswith(fix)
    else:
        assert "rename the field" not in problem.message
        assert "selected by index" not in problem.message
