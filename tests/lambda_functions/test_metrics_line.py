from __future__ import annotations

import json
from datetime import UTC, datetime

from metrics_line import instance_seconds, metrics_line

from batch_transform.local.cloudwatch.embedded_metrics import embedded_metrics

_NOW = datetime(2026, 11, 22, 2, 0, 1, 500_000, tzinfo=UTC)
_EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:Tumours-x1:scheduled-1"
_MACHINE = {"StateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:Tumours-x1"}


def test_what_is_known_of_a_run_becomes_metrics_of_its_state_machine() -> None:
    numbers = {"InputObjects": 3, "OutputObjects": None, "InstanceSeconds": 121, "InputBytes": 9}
    line = metrics_line(_EXECUTION, numbers, _NOW)
    assert line is not None
    found = {datum.name: (datum.value, datum.unit) for datum in embedded_metrics(line)}
    assert found == {"InputObjects": (3.0, "Count"), "InstanceSeconds": (121.0, "Seconds")}
    assert all(datum.namespace == "BatchTransform" for datum in embedded_metrics(line))
    assert all(datum.dimensions == _MACHINE for datum in embedded_metrics(line))
    assert all(datum.timestamp == _NOW.timestamp() for datum in embedded_metrics(line))
    assert json.loads(line)["ExecutionArn"] == _EXECUTION, "a reader of the log finds the run"


def test_nothing_known_is_no_line() -> None:
    assert metrics_line(_EXECUTION, {"InputObjects": None}, _NOW) is None


def test_every_instance_is_billed() -> None:
    assert instance_seconds(60, 3) == {"InstanceSeconds": 180}
    assert instance_seconds(None, 3) == {"InstanceSeconds": None}
