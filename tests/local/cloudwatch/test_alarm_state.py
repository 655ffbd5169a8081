"""The examples of the CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data"."""

from __future__ import annotations

import pytest

from batch_transform.local.cloudwatch.alarm_state import AlarmRule, alarm_state, state_reason

_KEPT = "kept"
_BREACHING, _FINE = 1.0, 0.0


def _values(periods: str) -> list[float | None]:
    """Read a row of the guide, oldest period first: X breaches, 0 does not, - is missing."""
    meaning = {"X": _BREACHING, "0": _FINE, "-": None}
    return [meaning[sign] for sign in reversed(periods.split())]


def _state(periods: str, missing_data: str, datapoints_to_alarm: int) -> str:
    rule = AlarmRule(
        evaluation_periods=3,
        datapoints_to_alarm=datapoints_to_alarm,
        threshold=_BREACHING,
        comparison="GreaterThanOrEqualToThreshold",
        missing_data=missing_data,
    )
    assert rule.evaluation_range == 5, "as in the examples"
    return alarm_state(rule, _values(periods)) or _KEPT


@pytest.mark.parametrize(
    ("periods", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", "OK", "OK", "OK", "OK"),
        ("- - - - 0", "OK", "OK", "OK", "OK"),
        ("- - - - -", "INSUFFICIENT_DATA", _KEPT, "ALARM", "OK"),
        ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("- - X - -", "ALARM", _KEPT, "ALARM", "OK"),
    ],
)
def test_three_of_three_datapoints(
    periods: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    assert _state(periods, "missing", 3) == missing
    assert _state(periods, "ignore", 3) == ignore
    assert _state(periods, "breaching", 3) == breaching
    assert _state(periods, "notBreaching", 3) == not_breaching


@pytest.mark.parametrize(
    ("periods", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 - X - -", "OK", "OK", "ALARM", "OK"),
        ("- - - - 0", "OK", "OK", "ALARM", "OK"),
        ("- - - - X", "ALARM", _KEPT, "ALARM", "OK"),
    ],
)
def test_two_of_three_datapoints(
    periods: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    assert _state(periods, "missing", 2) == missing
    assert _state(periods, "ignore", 2) == ignore
    assert _state(periods, "breaching", 2) == breaching
    assert _state(periods, "notBreaching", 2) == not_breaching


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("GreaterThanOrEqualToThreshold", "OK", "ALARM", "ALARM"),
        ("GreaterThanThreshold", "OK", "OK", "ALARM"),
        ("LessThanThreshold", "ALARM", "OK", "OK"),
        ("LessThanOrEqualToThreshold", "ALARM", "ALARM", "OK"),
    ],
)
def test_each_comparison(comparison: str, below: str, equal: str, above: str) -> None:
    rule = AlarmRule.of({"EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": comparison})
    assert [alarm_state(rule, [value, None, None]) for value in (4.0, 5.0, 6.0)] == [below, equal, above]


def test_the_reason_says_that_nothing_came() -> None:
    alarm = {
        "EvaluationPeriods": 25,
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "breaching",
    }
    rule = AlarmRule.of(alarm)
    assert state_reason(rule, [None] * rule.evaluation_range) == (
        "Threshold Crossed: no datapoints were received for 25 periods, and missing datapoints were treated as "
        "[breaching]."
    )
