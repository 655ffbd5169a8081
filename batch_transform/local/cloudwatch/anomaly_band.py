"""The usual range of a metric: a rough stand-in for CloudWatch's anomaly detection.

Each job that has alarms and no `monitoring.longest_duration_in_seconds` has one on how long its runs take (the
constructs' `run_alarms.py`).

CloudWatch trains a model on up to two weeks of a metric, with its hours and weekdays (User Guide, "Using CloudWatch
anomaly detection"). That model isn't documented. Here the band is the mean of the earlier values, plus and minus some
standard deviations: enough to see the alarm go off, but not at the moment at which it would on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, pstdev
from typing import Any

from batch_transform.local.cloudwatch.alarm_state import AlarmRule

LEARNED_SECONDS = 14 * 24 * 3600
"""How far back CloudWatch looks."""

LEAST_VALUES = 3
"""The band needs this many values. AWS doesn't document how many it needs; this is our choice."""

_LEAST_SHARE = 0.1
"""The deviation is at least this share of the mean: after runs of equal length, a millisecond more isn't an anomaly.
Our choice, too."""

_BAND = re.compile(r"ANOMALY_DETECTION_BAND\(\s*(?P<metric>\w+)\s*(?:,\s*(?P<deviations>[\d.]+)\s*)?\)")
_AWS_DEFAULT_DEVIATIONS = 2.0


@dataclass(frozen=True)
class BandAlarm:
    """An alarm for values above the band of a metric; `metric_stat` names the metric as PutMetricAlarm does.

    The band is `deviations` standard deviations wide on each side. `rule` has no threshold yet.
    """

    metric_stat: Mapping[str, Any]
    deviations: float
    rule: AlarmRule

    @classmethod
    def of(cls, alarm: Mapping[str, Any]) -> BandAlarm | None:
        """Read the members of PutMetricAlarm; None for an alarm on another expression, or for values below the band."""
        if alarm.get("ComparisonOperator") != "GreaterThanUpperThreshold":
            return None
        queries = {query["Id"]: query for query in alarm.get("Metrics", [])}
        band = _BAND.fullmatch(queries.get(alarm.get("ThresholdMetricId"), {}).get("Expression", "").strip())
        metric = queries.get(band["metric"], {}).get("MetricStat") if band else None
        if band is None or metric is None:
            return None
        rule = AlarmRule.of({**alarm, "Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold"})
        return cls(metric, float(band["deviations"] or _AWS_DEFAULT_DEVIATIONS), rule)

    @property
    def learned_periods(self) -> int:
        """How many periods the band is made from."""
        return LEARNED_SECONDS // int(self.metric_stat["Period"])

    def learned(self, values: Sequence[float | None]) -> AlarmRule | None:
        """Return the rule with the threshold that the older values make, or None if they are too few.

        `values` are those of all `learned_periods`, newest first, with None for a period without data.
        """
        in_range = [value for value in values[: self.rule.evaluation_range] if value is not None]
        judged = len(in_range[: self.rule.evaluation_periods])
        upper = upper_end([value for value in values if value is not None][judged:], self.deviations)
        return None if upper is None else replace(self.rule, threshold=upper)


def upper_end(before: Sequence[float], deviations: float) -> float | None:
    """Return the upper end of the band that these values make, or None if they are too few."""
    if len(before) < LEAST_VALUES:
        return None
    mean = fmean(before)
    return mean + deviations * max(pstdev(before), abs(mean) * _LEAST_SHARE)
