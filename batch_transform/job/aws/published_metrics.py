"""The metrics that the workflow publishes by itself, since AWS has none of them; for who writes and who reads them."""

from __future__ import annotations

NAMESPACE = "BatchTransform"
DIMENSION = "StateMachineArn"
"""As the metrics of Step Functions have it: one job in one stack."""

INPUT_OBJECTS = "InputObjects"
OUTPUT_OBJECTS = "OutputObjects"
INSTANCE_SECONDS = "InstanceSeconds"
UNITS = {INPUT_OBJECTS: "Count", OUTPUT_OBJECTS: "Count", INSTANCE_SECONDS: "Seconds"}
