"""The output and the metrics of a completed run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from batch_transform.job.request.request import Request
from batch_transform.job.values.s3_uri import S3Uri
from object_listing import ObjectListing, S3Lister
from time_budget import TimeBudget

_TIMES = ("CreationTime", "TransformStartTime", "TransformEndTime")


@dataclass(frozen=True)
class CompletedRun:
    """What the state machine passes: its part of the output, the request, and the transform job's description."""

    run: dict[str, Any]
    request: Request
    completed: dict[str, Any]


def count(run: CompletedRun, s3: S3Lister, budget: TimeBudget) -> dict[str, Any]:
    """Return the run's output: the state machine's part, with times, objects and bytes. None means not known.

    That is the case for a manifest's input, which may be anywhere, and for objects that could not be listed.
    `AtLeast` has what was counted until the budget was over, with the same names, which are None then; None if
    everything was counted. `BillableTimeInSeconds` is the time from start to end, which is billed for each instance
    (Developer Guide, Batch Transform); None after several attempts, which the function `record` adds up.
    """
    moments = {name: moment_of(run.completed.get(name)) for name in _TIMES}
    source = run.request["TransformInput"]["DataSource"]["S3DataSource"]
    written = run.request["TransformOutput"]["S3OutputPath"]
    is_prefix = source["S3DataType"] == "S3Prefix"
    read = _total("Input", source["S3Uri"], _is_file, s3, budget) if is_prefix else _unknown("Input")
    at_least: dict[str, int | None] = {}
    counts: dict[str, int | None] = {}
    for total in (read, _total("Output", written, _is_result, s3, budget)):
        counts |= total.counts if total.is_complete else _unknown(total.what).counts
        at_least |= {} if total.is_complete else total.counts
    return {
        **run.run,
        **{name: moment and _iso(moment) for name, moment in moments.items()},
        "BillableTimeInSeconds": seconds_between(moments["TransformStartTime"], moments["TransformEndTime"])
        if run.run["Attempts"] == 1
        else None,
        **counts,
        "AtLeast": at_least or None,
    }


@dataclass(frozen=True)
class _Total:
    what: str
    objects: int | None
    bytes: int | None
    is_complete: bool = True

    @property
    def counts(self) -> dict[str, int | None]:
        return {f"{self.what}Objects": self.objects, f"{self.what}Bytes": self.bytes}


def _unknown(what: str) -> _Total:
    return _Total(what, None, None)


def _is_file(key: str) -> bool:
    return not key.endswith("/")  # the S3 console makes folder markers


def _is_result(key: str) -> bool:
    return key.endswith(".out")


def _total(
    what: str, uri: str, is_counted: Callable[[str], bool], s3: S3Lister, budget: TimeBudget
) -> _Total:
    """Count the objects below a URI. The results exist and are paid for: a listing that fails is logged."""
    objects = size = 0
    listing = ObjectListing(S3Uri.parse(uri), s3, budget)
    try:
        for entry in listing:
            if is_counted(entry["Key"]):
                objects += 1
                size += entry["Size"]
    except (BotoCoreError, ClientError) as error:
        print(f"the objects below {uri} were not counted: {error}")  # noqa: T201  # for the function's log
        return _unknown(what)
    if not listing.is_complete:
        print(f"below {uri} there are at least {objects:,} objects: the time to count them is over")  # noqa: T201
    return _Total(what, objects, size, listing.is_complete)


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
