"""The output and the metrics of a completed run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol

from batch_transform.job.request.request import Request
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.stack_outputs import (
    INSTANCE_SECONDS,
    METRIC_UNITS,
    METRICS_DIMENSION,
    METRICS_NAMESPACE,
)

MOST_OBJECTS = 100_000
"""Objects listed below one prefix: about twenty of the fifty seconds that the function has."""


class S3Client(Protocol):
    """The part of boto3's S3 client that is used here."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""


def sizes(place: S3Uri, s3: S3Client) -> dict[str, int]:
    """Return the size in bytes of each object below a place, by key, in key order; at most MOST_OBJECTS.

    Folder markers that the S3 console creates are left out.
    """
    return dict(islice(_objects(place, s3), MOST_OBJECTS))


def _objects(place: S3Uri, s3: S3Client) -> Iterator[tuple[str, int]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key):
        for entry in page.get("Contents", []):
            if not entry["Key"].endswith("/"):
                yield entry["Key"], entry["Size"]


_TIMES = ("CreationTime", "TransformStartTime", "TransformEndTime")


@dataclass(frozen=True)
class CompletedRun:
    """What the state machine passes: its part of the output, the request, and the transform job's description."""

    run: dict[str, Any]
    request: Request
    completed: dict[str, Any]


def count(run: CompletedRun, s3: S3Client) -> dict[str, Any]:
    """Return the run's output: the state machine's part, with times, objects and bytes. None means not known.

    That is the case for a manifest's input, which may be anywhere, and for more objects than are listed.
    `BillableTimeInSeconds` is the time from start to end, which is billed for each instance (Developer Guide, Batch
    Transform).
    """
    moments = {name: moment_of(run.completed.get(name)) for name in _TIMES}
    source = run.request["TransformInput"]["DataSource"]["S3DataSource"]
    read = sizes(S3Uri.parse(source["S3Uri"]), s3) if source["S3DataType"] == "S3Prefix" else None
    written = {
        key: size
        for key, size in sizes(S3Uri.parse(run.request["TransformOutput"]["S3OutputPath"]), s3).items()
        if key.endswith(".out")
    }
    return {
        **run.run,
        **{name: moment and _iso(moment) for name, moment in moments.items()},
        "BillableTimeInSeconds": seconds_between(moments["TransformStartTime"], moments["TransformEndTime"]),
        **_totals("Input", read),
        **_totals("Output", written),
    }


def _totals(what: str, objects: dict[str, int] | None) -> dict[str, int | None]:
    if objects is None or len(objects) >= MOST_OBJECTS:
        return {f"{what}Objects": None, f"{what}Bytes": None}
    return {f"{what}Objects": len(objects), f"{what}Bytes": sum(objects.values())}


def moment_of(value: int | float | str | None) -> datetime | None:
    """Parse a time of a description: `.sync` returns epoch milliseconds, the SDK integration a string."""
    if value is None:
        return None
    if isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    return datetime.fromtimestamp(value / 1000, UTC)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_between(start: datetime | None, end: datetime | None) -> int | None:
    """Return whole seconds, or None if either time isn't known."""
    return None if start is None or end is None else round((end - start).total_seconds())


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


def instance_seconds(billable_seconds: int | None, instance_count: int) -> dict[str, int | None]:
    """Return the time of all instances: each of them is billed from the job's start to its end."""
    return {INSTANCE_SECONDS: None if billable_seconds is None else billable_seconds * instance_count}
