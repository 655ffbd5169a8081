"""Metrics of a run, as a line of a function's log that CloudWatch reads (embedded metric format)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from batch_transform.job.values.stack_outputs import METRIC_UNITS, METRICS_DIMENSION, METRICS_NAMESPACE


def metrics_line(execution_arn: str, numbers: Mapping[str, Any], now: datetime) -> str | None:
    """Return the line with those of `numbers` that are metrics and known; None when there is none."""
    known = {name: numbers[name] for name in METRIC_UNITS if numbers.get(name) is not None}
    if not known:
        return None
    machine = execution_arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    directive = {
        "Namespace": METRICS_NAMESPACE,
        "Dimensions": [[METRICS_DIMENSION]],
        "Metrics": [{"Name": name, "Unit": METRIC_UNITS[name]} for name in known],
    }
    metadata = {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": metadata, METRICS_DIMENSION: machine, "ExecutionArn": execution_arn, **known})
