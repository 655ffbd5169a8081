"""What came of a completed run, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from listing import MOST_OBJECTS, S3Client, sizes

from batch_transform.job.request.request import Request
from batch_transform.job.values.s3_uri import S3Uri

_TIMES = ("CreationTime", "TransformStartTime", "TransformEndTime")


@dataclass(frozen=True)
class CompletedRun:
    """What the state machine passes: what it tells of the run, the request, and the job that completed, described."""

    run: dict[str, Any]
    request: Request
    completed: dict[str, Any]


def count(run: CompletedRun, s3: S3Client) -> dict[str, Any]:
    """Return the run's output: what is told of it, with times, objects and bytes; None for what nobody can tell.

    That is the input of a manifest, whose objects lie anywhere, and a place with more objects than are looked at.
    `BillableTimeInSeconds` is the time from start to end, of each of its instances (Developer Guide, Batch
    Transform: that time is billed).
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
    """Return a time of a description: `.sync` tells epoch milliseconds, the SDK's DescribeTransformJob a text."""
    if value is None:
        return None
    if isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    return datetime.fromtimestamp(value / 1000, UTC)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_between(start: datetime | None, end: datetime | None) -> int | None:
    """Return whole seconds; None where either is not known."""
    return None if start is None or end is None else round((end - start).total_seconds())
