"""The examples of the User Guide, "Filter pattern syntax", and what CDK's FilterPattern writes."""

from __future__ import annotations

import json

import pytest

from batch_transform.local.cloudwatch.filter_pattern import FilterPatternError, compiled

LINES = [
    "[ERROR 400] BAD REQUEST",
    "[ERROR 401] UNAUTHORIZED REQUEST",
    "[ERROR 419] MISSING ARGUMENTS",
    "[ERROR 420] INVALID ARGUMENTS",
    "[SUCCESS 200] AUTHORIZED REQUEST",
    "[WARN] INTERNAL SERVER ERROR",
]
EVENT = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "cluster.name": "c",
    "ThisFlag": True,
    "bandwidth": 75.5,
    "latency": 50,
    "error-code": "E1",
    "user": {"id": 1, "email": "John.Stiles@example.com"},
    "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
    "actions": ["GET", "PUT", "DELETE"],
    "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
}


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ('" "', [0, 1, 2, 3, 4, 5]),
        ("ERROR", [0, 1, 2, 3, 5]),
        ("error", []),
        ("ERROR ARGUMENTS", [2, 3]),
        ("?ERROR ?ARGUMENTS", [0, 1, 2, 3, 5]),
        ("?BAD ?SUCCESS", [0, 4]),
        ('"INTERNAL SERVER ERROR"', [5]),
        ("ERROR -ARGUMENTS", [0, 1, 5]),
        ('ERROR -"BAD REQUEST" -WARN', [1, 2, 3]),
        ("REQUEST ?ERROR", [0, 1, 4]),
        ("-ERROR", [4]),
        ("%AUTHORIZED%", [1, 4]),
        (r"%\[ERROR 4[0-1]\d\]%", [0, 1, 2]),
        ('"[ERROR 400]"', [0]),
    ],
)
def test_terms_match_lines(pattern: str, numbers: list[int]) -> None:
    matches = compiled(pattern)
    assert [number for number, line in enumerate(LINES) if matches(line)] == numbers


@pytest.mark.parametrize(
    ("pattern", "is_matched"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{ $.eventType = UpdateTrail }", True),
        ('{ $.eventType = "updatetrail" }', False),
        ('{ $.eventType != "UpdateTrail" }', False),
        ("{ $.eventType = *Trail }", True),
        ('{ $.eventType = "Update*" }', True),
        ("{ $.eventType = %Trail% }", True),
        ("{ $.eventType = %^Trail% }", False),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ("{ $.sourceIPAddress = 111.111.* }", True),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey[1] = "value" }', False),
        ('{ $.arrayKey[*] = "another value" }', True),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[*].id = 3 }", False),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.ThisFlag IS NULL }", False),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.SomeObject NOT EXISTS }", False),
        ("{ $.ThisFlag IS TRUE }", True),
        ("{ $.ThisFlag IS FALSE }", False),
        ('{ $.eventType = "*" }', True),
        ('{ $.user = "*" }', True),
        ('{ $.none = "*" }', False),
        ("{ $.none != 1 }", False),
        ("{ $.bandwidth > 75 }", True),
        ("{ $.bandwidth >= 7.55e1 }", True),
        ("{ $.bandwidth < 75.5 }", False),
        ("{ $.latency = 50 }", True),
        ("{ $.latency != 50 }", False),
        ("{ $.latency = 5* }", True),
        ("{ $.eventType > 1 }", False),
        ("{ $.ThisFlag = 1 }", False),
        ('{ $.error-code = "E1" }', True),
        ("{ $.['cluster.name'] = c }", True),
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', True),
        (
            '{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }',
            False,
        ),
        (
            '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && '
            '$.actions[2] = "nomatch" }',
            True,
        ),
        (
            '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && '
            '$.actions[2] = "nomatch" }',
            False,
        ),
        ("{ $.coordinates[1][2] = 6 }", True),
        ("{$.eventType=UpdateTrail&&$.latency>=50}", True),
    ],
)
def test_conditions_match_a_message_in_json(pattern: str, is_matched: bool) -> None:
    assert compiled(pattern)(json.dumps(EVENT)) is is_matched


def test_a_message_that_is_not_json_matches_no_condition() -> None:
    assert not compiled("{ $.none NOT EXISTS }")("ERROR { $.a")


def test_a_message_may_be_an_array() -> None:
    assert compiled("{ $[0].a = 1 }")('[{"a": 1}]')


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("email@some.com", "Invalid character(s) in term 'email@some.com'"),
        ('""', "Invalid character(s) in term '\"\"'"),
        ("{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"),
        ("{ $.a }", "the pattern ends too soon"),
        ("{ a = 1 }", "Invalid character(s) in term 'a': a condition begins with $."),
        ("{ $.a = 1 && }", "the pattern ends too soon"),
        ("{ ($.a = 1 }", "the pattern ends too soon"),
        ("{ $.a > x }", "Invalid number 'x'"),
        ("{ $.a IS 1 }", "Invalid operator 'IS'"),
        ("{ $.a = 1 $.b = 2 }", "Invalid token(s) at '$.b = 2'"),
        ("%a(b)%", "Invalid character(s) in term 'a(b)'"),
        ("[ip, user]", "the local AWS does not support space-delimited patterns, [a, b]"),
    ],
)
def test_fails_for_an_invalid_pattern(pattern: str, text: str) -> None:
    with pytest.raises(FilterPatternError) as raised:
        compiled(pattern)
    assert str(raised.value) == text
