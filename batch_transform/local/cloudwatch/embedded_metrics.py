"""Metrics in the lines of a log: the embedded metric format.

Source: CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Datum:
    """One value of a metric. `timestamp` is in seconds since 1970."""

    namespace: str
    name: str
    value: float
    unit: str
    timestamp: float
    dimensions: dict[str, str]


def embedded_metrics(line: str) -> Iterator[Datum]:
    """Yield the metrics that a line of a log declares: none for a line that isn't a document of this format.

    An invalid document has no metrics; CloudWatch reports no error for it.
    """
    if not line.lstrip().startswith("{") or '"_aws"' not in line:
        return
    try:
        document = json.loads(line)
    except ValueError:
        return
    metadata = document.get("_aws")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("Timestamp"), int):
        return
    for directive in metadata.get("CloudWatchMetrics", []):
        yield from _metrics(directive, document, metadata["Timestamp"] / 1000)


def _metrics(directive: dict[str, Any], document: dict[str, Any], timestamp: float) -> Iterator[Datum]:
    for names in directive["Dimensions"]:
        if any(name not in document for name in names):
            continue
        dimensions = {name: str(document[name]) for name in names}
        for metric in directive["Metrics"]:
            given = document.get(metric["Name"])
            for value in given if isinstance(given, list) else [given]:
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    unit = metric.get("Unit", "None")
                    yield Datum(
                        directive["Namespace"], metric["Name"], float(value), unit, timestamp, dimensions
                    )
