"""The state of a metric alarm, as CloudWatch evaluates it.

Source: CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data". CloudWatch retrieves a few more
periods than the alarm has, the evaluation range, and doesn't document how many. It uses these data points when some are
missing, so an alarm may change that much later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

MORE_PERIODS = 2
"""How many more periods the evaluation range has than the alarm, as in the examples of the User Guide."""

_BREACHES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


@dataclass(frozen=True)
class AlarmRule:
    """When an alarm goes off: this many data points, of this many periods, breach the threshold."""

    evaluation_periods: int
    datapoints_to_alarm: int
    threshold: float
    comparison: str
    missing_data: str = "missing"

    @classmethod
    def of(cls, alarm: Mapping[str, Any]) -> AlarmRule:
        """Read the members of PutMetricAlarm."""
        periods = int(alarm.get("EvaluationPeriods", 1))
        return cls(
            evaluation_periods=periods,
            datapoints_to_alarm=int(alarm.get("DatapointsToAlarm") or periods),
            threshold=float(alarm["Threshold"]),
            comparison=alarm["ComparisonOperator"],
            missing_data=alarm.get("TreatMissingData", "missing"),
        )

    @property
    def evaluation_range(self) -> int:
        """How many periods are evaluated."""
        return self.evaluation_periods + MORE_PERIODS


def alarm_state(rule: AlarmRule, values: Sequence[float | None]) -> str | None:
    """Return the state that the values of the evaluation range, newest first, lead to; None keeps the last state.

    The value of a period without data is None.
    """
    found = [value for value in values if value is not None][: rule.evaluation_periods]
    breaches = _BREACHES[rule.comparison]
    breaching = sum(breaches(value, rule.threshold) for value in found)
    missing = rule.evaluation_periods - len(found)
    if missing and rule.missing_data == "breaching":
        breaching += missing
    if breaching >= rule.datapoints_to_alarm:
        return ALARM
    if not missing or rule.missing_data in ("breaching", "notBreaching"):
        return OK
    if breaching < len(found):
        return OK
    if rule.missing_data == "ignore":
        return None
    return ALARM if found else INSUFFICIENT_DATA


def state_reason(rule: AlarmRule, values: Sequence[float | None]) -> str:
    """Return the reason, in CloudWatch's words as far as they are known."""
    found = [value for value in values if value is not None][: rule.evaluation_periods]
    if not found:
        periods = "period" if rule.evaluation_periods == 1 else "periods"
        return (
            f"Threshold Crossed: no datapoints were received for {rule.evaluation_periods} {periods}, and missing "
            f"datapoints were treated as [{rule.missing_data}]."
        )
    return (
        f"Threshold Crossed: {len(found)} out of the last {rule.evaluation_periods} datapoints "
        f"[{', '.join(f'{value:g}' for value in found[:5])}{', …' if len(found) > 5 else ''}] compared with the "
        f"threshold ({rule.threshold:g}) by {rule.comparison}."
    )
