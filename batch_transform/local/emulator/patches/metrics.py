"""Publishes the metrics that AWS's services publish by themselves, and those embedded in logs.

Step Functions Developer Guide, "Step Functions metrics for CloudWatch"; SQS Developer Guide, "Available
CloudWatch metrics for Amazon SQS". There are no metrics of SageMaker's instances, since there are no instances.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from ministack.core import responses  # type: ignore[import-untyped]  # it has no types
from ministack.services import cloudwatch, cloudwatch_logs, sqs, stepfunctions  # type: ignore[import-untyped]  # no types

from batch_transform.local.cloudwatch.embedded_metrics import embedded_metrics

_OF_STATUS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
QUEUE_SECONDS = 60.0
"""SQS publishes its metrics every minute."""


def plug_in() -> None:
    """Publish a metric for each change of an execution's status, and for each metric in a log."""
    emit_event, append_log_events = (
        stepfunctions._emit_execution_status_event,
        cloudwatch_logs._append_log_events,
    )

    def emit_event_and_metrics(execution: dict[str, Any]) -> None:
        _publish_execution(execution)
        emit_event(execution)

    def append_and_publish(stream: dict[str, Any], events: list[dict[str, Any]]) -> None:
        append_log_events(stream, events)
        for event in events:
            _publish_embedded(event["message"])

    stepfunctions._emit_execution_status_event = emit_event_and_metrics
    cloudwatch_logs._append_log_events = append_and_publish


def _publish_execution(execution: dict[str, Any]) -> None:
    of_machine = {"StateMachineArn": execution["stateMachineArn"]}
    cloudwatch.record_metric("AWS/States", _OF_STATUS[execution["status"]], 1, "Count", of_machine)
    if execution["status"] != "RUNNING":
        took = _moment(execution["stopDate"]) - _moment(execution["startDate"])
        cloudwatch.record_metric(
            "AWS/States", "ExecutionTime", took.total_seconds() * 1000, "Milliseconds", of_machine
        )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _publish_embedded(line: str) -> None:
    for datum in embedded_metrics(line):
        key = (datum.namespace, datum.name, cloudwatch._dims_key(datum.dimensions))
        point = {
            "Timestamp": datum.timestamp,
            "Value": datum.value,
            "Unit": datum.unit,
            "Dimensions": datum.dimensions,
        }
        points = cloudwatch._metrics.get(key)
        if points is None:
            points = cloudwatch._metrics[key] = []
        points.append(point)


class QueueMetrics:
    """Publishes how many messages are in each queue, every minute and when the number changes."""

    def __init__(self, scale: float) -> None:
        self._seconds = QUEUE_SECONDS * scale
        self._published: dict[tuple[str, str, str], tuple[float, int]] = {}

    def publish(self) -> None:
        """Publish the metrics that are due."""
        now = time.time()
        for (account, region, url), queue in sqs._queues.all_items():
            waiting = sum(message["visible_at"] <= now for message in list(queue["messages"]))
            at, last = self._published.get((account, region, url), (0.0, -1))
            if waiting == last and now - at < self._seconds:
                continue
            self._published[(account, region, url)] = (now, waiting)
            with responses.request_scope(account, region):
                cloudwatch.record_metric(
                    "AWS/SQS",
                    "ApproximateNumberOfMessagesVisible",
                    waiting,
                    "Count",
                    {"QueueName": queue["name"]},
                )
