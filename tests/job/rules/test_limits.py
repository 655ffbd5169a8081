from __future__ import annotations

import pytest

from batch_transform.job.aws.limits import TAGS, Amount, Choice, Flag, Limits, Text, TextMap, Whole
from batch_transform.job.rules.limits import slug, value_problems


def found(limits: Limits, value: object, field: str = "transform.some_field") -> list[tuple[str, str]]:
    return [(one.code, one.message) for one in value_problems(field, value, limits)]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("transform.max_payload", "max-payload"),
        ("transform.instance_type[2]", "instance-type"),
        ("TransformJobName", "transform-job-name"),
        ("name", "name"),
    ],
)
def test_a_code_names_the_field(field: str, name: str) -> None:
    assert slug(field) == name


LETTERS = Text(2, 4, "[a-z]*", "small letters")


@pytest.mark.parametrize("value", ["ab", "abcd", "a"])
def test_a_text_within_its_limits_is_accepted(value: str) -> None:
    assert found(LETTERS, value) == []


@pytest.mark.parametrize(
    ("limits", "value", "expected"),
    [
        (LETTERS, "", ("some-field-too-short", "is empty; write a value, or leave the field out")),
        (LETTERS, "abcde", ("some-field-too-long", "'abcde' is longer than 4 characters; shorten it")),
        (LETTERS, "aB", ("some-field-malformed", "'aB' is not allowed; write small letters")),
        (LETTERS, 5, ("wrong-type", "must be text; got 5: write it in quotes")),
        (Whole(1, 9), 0, ("some-field-too-small", "0 is too small; write a number from 1 to 9")),
        (Whole(1, 9), 10, ("some-field-too-large", "10 is too large; write a number from 1 to 9")),
        (
            Whole(documented_most=9),
            10,
            ("some-field-too-large", "10 is too large; write a number from 0 to 9"),
        ),
        (Whole(3), 2, ("some-field-too-small", "2 is too small; write 3 or more")),
        (Whole(3), "-5", ("wrong-type", "must be a whole number; got '-5': leave out the quotes")),
        (Whole(3), "x", ("wrong-type", "must be a whole number; got 'x': write 3 or more")),
        (Whole(3), 5.0, ("wrong-type", "must be a whole number; got 5.0: write 3 or more")),
        (Amount(9.5), 0, ("some-field-too-small", "0 is too small; write a number above 0")),
        (
            Amount(9.5),
            9.6,
            ("some-field-too-large", "9.6 is too large; write a number above 0, at most 9.5"),
        ),
        (Amount(), float("inf"), ("wrong-type", "must be a number; got inf: write one such as 2.5")),
        (Amount(), True, ("wrong-type", "must be a number; got true: write one such as 2.5")),
        (Flag(), "yes", ("wrong-type", "must be true or false; got 'yes'")),
        (Choice(("A", "B")), 1, ("wrong-type", "must be text; got 1")),
        (Choice(("A", "B")), "zzz", ("some-field-unknown", "'zzz' is not allowed; write one of A, B")),
        (
            Choice(("MultiRecord", "SingleRecord")),
            "MULTI_RECORD",
            (
                "some-field-unknown",
                "'MULTI_RECORD' is not allowed; did you mean MultiRecord? allowed are MultiRecord, SingleRecord",
            ),
        ),
        (
            Choice(("A", "B"), unfit=("C",)),
            "C",
            ("some-field-unfit", "C is not compatible with batch transform; write A or B"),
        ),
        (
            Choice(("records", "off")),
            "zzz",
            ("some-field-unknown", "'zzz' is not allowed; write one of records, \"off\""),
        ),
    ],
)
def test_fails_for_a_value_beyond_its_limits_and_says_what_is_allowed(
    limits: Limits, value: object, expected: tuple[str, str]
) -> None:
    assert found(limits, value) == [expected]


@pytest.mark.parametrize(
    ("limits", "value"),
    [
        (Whole(1, 9), 1),
        (Whole(1, 9), 9),
        (Whole(3), 10**9),
        (Amount(9.5), 9.5),
        (Amount(9.5), 1e-9),
        (Amount(), 10**9),
        (Flag(), False),
        (Choice(("A",)), "A"),
        (Text(), ""),
        (Text(1), "\n"),
    ],
)
def test_a_value_at_its_limit_is_accepted(limits: Limits, value: object) -> None:
    assert found(limits, value) == []


VARIABLES = TextMap(2, Text(longest=3, pattern="[A-Z]+", in_words="capitals"), Text(longest=2))


def test_names_and_texts_of_a_mapping_have_limits_of_their_own() -> None:
    assert found(VARIABLES, {"A": "1", "B": ""}) == []
    assert [code for code, _ in found(VARIABLES, {"A": "1", "B": "2", "C": "3"})] == ["some-field-too-many"]
    assert [code for code, _ in found(VARIABLES, {"AAAA": "1", "b": "123"})] == [
        "some-field-name-too-long",
        "some-field-name-malformed",
        "some-field-value-too-long",
    ]
    assert found(VARIABLES, {"A": "${Token[TOKEN.1]} longer than two"}) == []


def of_tag(key: object, value: object) -> list[str]:
    return [code for code, _ in found(TAGS, [{"Key": key, "Value": value}], "tags")]


def test_a_tag_has_letters_digits_and_spaces_of_any_language_and_a_few_signs() -> None:
    assert of_tag("Stra\u00dfe 7\u00a0\u00bd", "_.:/=+-@") == []
    assert of_tag("team!", "a") == ["tag-malformed"]
    assert of_tag("team", "a,b") == ["tag-malformed"]
    assert of_tag("\u20ac", "#") == ["tag-malformed"] * 2


def test_names_of_tags_that_begin_with_aws_are_reserved_in_any_case_but_values_are_not() -> None:
    assert of_tag("AWS:team", "a") == ["tag-name-reserved"]
    assert of_tag("aws-team", "aws:a") == []


def test_a_tag_without_a_name_is_too_short_and_one_that_only_the_deployment_knows_is_not_checked() -> None:
    assert of_tag("", "a") == ["tag-name-too-short"]
    assert of_tag("!", "${Token[TOKEN.1]}") == []
    assert of_tag(None, "a") == ["wrong-type"]
    assert [code for code, _ in found(TAGS, ["a"], "tags")] == ["wrong-type"]
