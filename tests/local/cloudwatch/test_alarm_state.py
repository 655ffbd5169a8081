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
    ("datapoints", "periods", "states"),
    [
        (3, "0 - X - X", ("OK", "OK", "OK", "OK")),
        (3, "- - - - 0", ("OK", "OK", "OK", "OK")),
        (3, "- - - - -", ("INSUFFICIENT_DATA", _KEPT, "ALARM", "OK")),
        (3, "0 X X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (3, "- - X - -", ("ALARM", _KEPT, "ALARM", "OK")),
        (2, "0 - X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "0 0 X 0 X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "0 - X - -", ("OK", "OK", "ALARM", "OK")),
        (2, "- - - - 0", ("OK", "OK", "ALARM", "OK")),
        (2, "- - - - X", ("ALARM", _KEPT, "ALARM", "OK")),
    ],
)
def test_some_of_three_datapoints_breaching(datapoints: int, periods: str, states: tuple[str, ...]) -> None:
    treatments = ("missing", "ignore", "breaching", "notBreaching")
    assert tuple(_state(periods, treatment, datapoints) for treatment in treatments) == states


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("GreaterThanOrEqualToThreshold", "OK", "ALARM", "ALARM"),
        ("GreaterThanThreshold", "OK", "OK", "ALARM"),
        ("LessThanThreshold", "ALARM", "OK", "OK"),
        ("LessThanOrEqualToThreshold", "ALARM", "ALARM", "OK"),
    ],
)
def test_each_comparison_operator(comparison: str, below: str, equal: str, above: str) -> None:
    rule = AlarmRule.of({"EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": comparison})
    assert [alarm_state(rule, [value, None, None]) for value in (4.0, 5.0, 6.0)] == [below, equal, above]


def test_the_reason_says_that_no_data_arrived() -> None:
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
