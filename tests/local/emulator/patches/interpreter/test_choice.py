"""The comparisons of a Choice state that the Developer Guide lists."""

from __future__ import annotations

from typing import Any

import pytest
from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter.choice import OPERATORS, matches

DATA: dict[str, Any] = {
    "text": "march",
    "number": 5,
    "half": 0.5,
    "true": True,
    "null": None,
    "moment": "2026-03-01T12:00:00Z",
    "same_moment": "2026-03-01T13:00:00.000+01:00",
    "day": "2026-03-01",
    "fraction": "2026-03-01T12:00:00.1234567891Z",
    "end_of_day": "2026-03-01T24:00:00Z",
    "other": {"text": "march", "number": 6},
    "star": "a*b",
}

RULES: list[tuple[str, str, Any, bool]] = [
    ("text", "StringEquals", "march", True),
    ("text", "StringEquals", "March", False),
    ("number", "StringEquals", "5", False),
    ("text", "StringEqualsPath", "$.other.text", True),
    ("text", "StringLessThan", "z", True),
    ("text", "StringLessThanPath", "$.star", False),
    ("text", "StringGreaterThan", "a", True),
    ("text", "StringGreaterThanPath", "$.other.text", False),
    ("text", "StringLessThanEquals", "march", True),
    ("text", "StringLessThanEqualsPath", "$.other.text", True),
    ("text", "StringGreaterThanEquals", "march", True),
    ("text", "StringGreaterThanEqualsPath", "$.other.text", True),
    ("text", "StringMatches", "m*h", True),
    ("text", "StringMatches", "m*", True),
    ("text", "StringMatches", "arc", False),
    ("star", "StringMatches", r"a\*b", True),
    ("text", "StringMatches", r"m\*", False),
    ("number", "StringMatches", "*", False),
    ("number", "NumericEquals", 5, True),
    ("number", "NumericEquals", 5.0, True),
    ("true", "NumericEquals", 1, False),
    ("text", "NumericEquals", 5, False),
    ("number", "NumericEqualsPath", "$.other.number", False),
    ("number", "NumericLessThan", 6, True),
    ("number", "NumericLessThanPath", "$.other.number", True),
    ("number", "NumericGreaterThan", 5, False),
    ("number", "NumericGreaterThanPath", "$.half", True),
    ("number", "NumericLessThanEquals", 5, True),
    ("number", "NumericLessThanEqualsPath", "$.half", False),
    ("number", "NumericGreaterThanEquals", 5, True),
    ("number", "NumericGreaterThanEqualsPath", "$.other.number", False),
    ("true", "BooleanEquals", True, True),
    ("number", "BooleanEquals", True, False),
    ("true", "BooleanEqualsPath", "$.true", True),
    ("moment", "TimestampEquals", "2026-03-01T12:00:00.0Z", True),
    ("moment", "TimestampEqualsPath", "$.same_moment", True),
    ("moment", "TimestampLessThan", "2026-03-01T12:00:01Z", True),
    ("moment", "TimestampLessThanPath", "$.same_moment", False),
    ("moment", "TimestampGreaterThan", "2026-03-01T12:00:00Z", False),
    ("moment", "TimestampGreaterThanPath", "$.same_moment", False),
    ("moment", "TimestampLessThanEquals", "2026-03-01T12:00:00Z", True),
    ("moment", "TimestampLessThanEqualsPath", "$.same_moment", True),
    ("moment", "TimestampGreaterThanEquals", "2026-03-01T12:00:00Z", True),
    ("moment", "TimestampGreaterThanEqualsPath", "$.same_moment", True),
    ("day", "TimestampEquals", "2026-03-01T00:00:00Z", False),
    ("null", "IsNull", True, True),
    ("text", "IsNull", True, False),
    ("text", "IsNull", False, True),
    ("null", "IsPresent", True, True),
    ("nothing", "IsPresent", True, False),
    ("nothing", "IsPresent", False, True),
    ("half", "IsNumeric", True, True),
    ("true", "IsNumeric", True, False),
    ("text", "IsString", True, True),
    ("true", "IsBoolean", True, True),
    ("moment", "IsTimestamp", True, True),
    ("day", "IsTimestamp", True, False),
    ("fraction", "IsTimestamp", True, True),
    ("fraction", "TimestampGreaterThan", "2026-03-01T12:00:00.1Z", True),
    ("end_of_day", "IsTimestamp", True, False),
]


@pytest.mark.parametrize(("variable", "operator", "value", "result"), RULES)
def test_a_rule_matches(variable: str, operator: str, value: Any, result: bool) -> None:
    assert matches({"Variable": f"$.{variable}", operator: value, "Next": "X"}, DATA) is result


def test_every_comparison_is_tried() -> None:
    assert {operator for _, operator, _, _ in RULES} == OPERATORS


@pytest.mark.parametrize("operator", sorted(OPERATORS - {"IsPresent"}))
def test_fails_when_the_variable_is_not_there(operator: str) -> None:
    with pytest.raises(stepfunctions._ExecutionError) as raised:
        matches({"Variable": "$.nothing", operator: "$.text"}, DATA)
    assert raised.value.error == "States.Runtime"
    assert raised.value.cause == (
        "Invalid path '$.nothing': The choice state's condition path references an invalid value."
    )


def test_fails_when_the_value_to_compare_with_is_not_there() -> None:
    with pytest.raises(stepfunctions._ExecutionError, match=r"Invalid path '\$\.nothing'"):
        matches({"Variable": "$.text", "StringEqualsPath": "$.nothing"}, DATA)


def test_and_or_and_not_stop_evaluating_once_the_result_is_known() -> None:
    present = {"Variable": "$.nothing", "IsPresent": True}
    equal = {"Variable": "$.nothing", "StringEquals": "x"}
    assert not matches({"And": [present, equal]}, DATA)
    assert matches({"Or": [{"Not": present}, equal]}, DATA)


def test_a_rule_reads_the_context_object() -> None:
    ctx = {"State": {"Name": "Here"}}
    assert matches({"Variable": "$$.State.Name", "StringEquals": "Here"}, DATA, ctx)
