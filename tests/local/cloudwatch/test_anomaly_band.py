"""Anomaly detection: the band of expected values of a metric."""

from __future__ import annotations

from statistics import fmean, pstdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.local.cloudwatch.anomaly_band import LEAST_VALUES, BandAlarm, upper_end

METRIC = {"Namespace": "AWS/States", "MetricName": "ExecutionTime", "Dimensions": []}
ALARM: dict[str, Any] = {
    "Metrics": [
        {"Id": "duration", "MetricStat": {"Metric": METRIC, "Period": 3600, "Stat": "Maximum"}},
        {"Id": "usual", "Expression": "ANOMALY_DETECTION_BAND(duration, 3)"},
    ],
    "ThresholdMetricId": "usual",
    "ComparisonOperator": "GreaterThanUpperThreshold",
    "EvaluationPeriods": 1,
    "TreatMissingData": "notBreaching",
}


def band(**members: Any) -> BandAlarm:
    found = BandAlarm.of({**ALARM, **members})
    assert found is not None
    return found


def threshold(values: list[float | None]) -> float | None:
    rule = band().learned(values)
    return None if rule is None else rule.threshold


def test_the_band_is_learned_from_two_weeks() -> None:
    assert (band().deviations, band().learned_periods) == (3.0, 14 * 24)


@pytest.mark.parametrize(
    "alarm",
    [
        {"ComparisonOperator": "LessThanLowerThreshold"},
        {"ThresholdMetricId": "another"},
        {"Metrics": [{"Id": "usual", "Expression": "ANOMALY_DETECTION_BAND(duration, 3)"}]},
        {"Metrics": [ALARM["Metrics"][0], {"Id": "usual", "Expression": "duration * 2"}]},
    ],
    ids=["below the band", "no such query", "no metric", "another expression"],
)
def test_any_other_alarm_is_ignored(alarm: dict[str, Any]) -> None:
    assert BandAlarm.of({**ALARM, **alarm}) is None


def test_the_default_width_is_two_deviations() -> None:
    queries = [ALARM["Metrics"][0], {"Id": "usual", "Expression": "ANOMALY_DETECTION_BAND(duration)"}]
    assert band(Metrics=queries).deviations == 2.0


def test_there_is_no_band_before_there_are_enough_values() -> None:
    assert threshold([9.0, 1.0, 1.0]) is None
    assert threshold([9.0, *[1.0] * LEAST_VALUES]) is not None


def test_the_evaluated_value_is_not_part_of_the_training_data() -> None:
    assert threshold([1_000_000.0, 100.0, 100.0, 100.0]) == pytest.approx(130.0)


def test_periods_without_data_are_not_part_of_the_training_data() -> None:
    gaps = [None, 1_000.0, None, 100.0, None, None, 100.0, 100.0]
    assert threshold(gaps) == threshold([1_000.0, 100.0, 100.0, 100.0])


def test_without_a_value_to_evaluate_all_earlier_values_are_training_data() -> None:
    assert threshold([None, None, None, 100.0, 100.0, 100.0]) == pytest.approx(130.0)


@given(st.lists(st.floats(0, 1e9), min_size=LEAST_VALUES, max_size=50), st.floats(0, 10))
def test_the_band_has_the_given_width_and_at_least_a_fraction_of_the_mean(
    before: list[float], deviations: float
) -> None:
    upper = upper_end(before, deviations)
    assert upper is not None
    assert upper >= fmean(before)
    assert upper == pytest.approx(fmean(before) + deviations * max(pstdev(before), fmean(before) / 10))
