"""Evaluates CloudWatch alarms all the time, by the dimensions of their metric, and treats missing data as AWS does.

The emulator evaluates an alarm when data arrives, over all metrics of that name, and never without data: an alarm on
something that didn't happen would stay silent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from ministack.core import responses  # type: ignore[import-untyped]  # it has no types
from ministack.services import cloudwatch  # type: ignore[import-untyped]  # it has no types
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.cloudwatch.alarm_state import AlarmRule, alarm_state, state_reason
from batch_transform.local.cloudwatch.anomaly_band import BandAlarm
from batch_transform.local.emulator.patches.metrics import QueueMetrics

LOOK_SECONDS = 0.5
"""How often alarms are evaluated. CloudWatch does it every minute, and every hour for alarms over more than a day."""


class Alarms:
    """Evaluates all alarms again and again. `scale` shortens their periods: 0.01 turns 5 minutes into 3 seconds."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._queues = QueueMetrics(scale)
        self._end = threading.Event()

    def start(self) -> None:
        """Start to evaluate, in a thread."""
        threading.Thread(target=self._run, daemon=True, name="alarms").start()

    def close(self) -> None:
        """Stop evaluating."""
        self._end.set()

    def _run(self) -> None:
        while not self._end.wait(LOOK_SECONDS):
            self._queues.publish()
            for (account, region, _), alarm in cloudwatch._alarms.all_items():
                with responses.request_scope(account, region):
                    self._evaluate(alarm)

    def _evaluate(self, alarm: dict[str, Any]) -> None:
        if time.time() < self._warm_up_ends(alarm):
            return
        rule: AlarmRule | None
        if "MetricName" in alarm:
            rule = AlarmRule.of(alarm)
            statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
            values = self._values(alarm, alarm["Period"], statistic, rule.evaluation_range)
        elif band := BandAlarm.of(alarm):
            stat = band.metric_stat
            values = self._values(stat["Metric"], int(stat["Period"]), stat["Stat"], band.learned_periods)
            rule = band.learned(values)
        else:
            return
        if rule is None:
            return
        values = values[: rule.evaluation_range]
        state = alarm_state(rule, values)
        if state is not None and state != alarm["StateValue"]:
            _change(alarm, state, state_reason(rule, values))

    def _warm_up_ends(self, alarm: Mapping[str, Any]) -> float:
        minutes = alarm.get("WarmUpConfiguration", {}).get("WarmUpPeriodDurationInMinutes", 0)
        return float(alarm.get("ConfiguredAt", 0.0)) + int(minutes) * 60 * self._scale

    def _values(
        self, metric: Mapping[str, Any], period: int, statistic: str, count: int
    ) -> list[float | None]:
        """Return the statistic of the last `count` periods, newest first."""
        dimensions = cloudwatch._dims_key({each["Name"]: each["Value"] for each in metric["Dimensions"]})
        points = cloudwatch._metrics.get((metric["Namespace"], metric["MetricName"], dimensions)) or []
        seconds, now = period * self._scale, time.time()
        periods: list[list[dict[str, Any]]] = [[] for _ in range(count)]
        for point in list(points):
            age = max(0, int((now - point["Timestamp"]) / seconds))
            if age < len(periods):
                periods[age].append(point)
        return [
            cloudwatch._stat_value(cloudwatch._calc_stats(found), statistic, found) if found else None
            for found in periods
        ]


def _change(alarm: Mapping[str, Any], state: str, reason: str) -> None:
    """Change the state by SetAlarmState, which records it, runs the alarm's actions and evaluates its parents."""
    change = {"AlarmName": alarm["AlarmName"], "StateValue": state, "StateReason": reason}
    cloudwatch._set_alarm_state({}, change, is_cbor=False, is_json=True)


def plug_in(scale: float) -> Alarms:
    """Replace the emulator's evaluation, and accept the alarms that it refuses in templates. Call `start` to begin."""
    record = provisioners._cw_metric_alarm_record

    def record_all(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        return _record(record, name, properties)

    provisioners._cw_metric_alarm_record = record_all
    cloudwatch._evaluate_alarm = lambda _alarm: None  # our thread evaluates it
    return Alarms(scale)


def _record(record: Any, name: str, properties: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401  # the emulator's function
    """Return the alarm of a template, even one on an expression, which the emulator refuses."""
    expression = properties.get("Metrics")
    plain = {key: value for key, value in properties.items() if key != "Metrics"}
    if expression:
        plain |= {"MetricName": "-", "Namespace": "-", "Threshold": 0}
    alarm: dict[str, Any] = record(name, plain)
    if expression:
        for member in ("MetricName", "Namespace", "Threshold", "Statistic", "Period", "Dimensions"):
            del alarm[member]
        alarm |= {"Metrics": expression, "ThresholdMetricId": properties.get("ThresholdMetricId")}
    warm_up = properties.get("WarmUpConfiguration")
    if warm_up:
        alarm["WarmUpConfiguration"] = {
            "WarmUpPeriodDurationInMinutes": int(warm_up["WarmUpPeriodDurationInMinutes"]),
            "OnlyStartEvaluatingAfterWarmUpPeriodEnds": str(
                warm_up.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds", False)
            ).lower()
            == "true",
        }
    alarm["ConfiguredAt"] = time.time()
    return alarm
