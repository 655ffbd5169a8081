"""Matches the input objects of a run with its results: by objects, without reading any of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from operator import itemgetter

from batch_transform.job.record.names import is_of_record
from batch_transform.job.values.s3_uri import S3Uri
from in_order import in_order
from inputs import InputObject
from object_listing import ObjectListing
from record_files import Line, S3Client
from time_budget import TimeBudget

COMPLETED = "Completed"
FAILED = "Failed"
MISSING = "Missing"
CHANGED = "Changed"
STRAY = "Stray"

_SAME, _CHANGED, _ADDED = "same", "changed", "added"

Written = tuple[str, int]


def matched(
    at_start: Iterable[InputObject],
    at_end: Iterable[InputObject] | None,
    results: Iterable[Written],
    *,
    output_prefix: str,
    without_result: str,
) -> Iterator[Line]:
    """Yield a line for each input object and each stray result, in the order of the results' keys.

    `at_start` and `at_end` are the inputs in the order of their keys; `at_end` is None if they can't be listed again,
    as those of a manifest. `results` are keys and sizes below `output_prefix`, in order. `without_result` is the status
    of an input without a result: Missing, or Failed after a failed transform job.

    - Changed: the object was replaced or deleted after the run had started.
    - An object that arrived during the run counts only if it was scored; the next run reads the others.
    - An empty object has no record to lose: its result may be missing.
    """
    objects = in_order(
        [one.output_key, one.key, one.etag, one.size, change] for one, change in _compared(at_start, at_end)
    )
    remaining = iter(results)
    result = next(remaining, None)
    for name, same_result in groupby(objects, itemgetter(0)):
        while result is not None and result[0] < name:
            yield from _stray(result, output_prefix)
            result = next(remaining, None)
        written = None
        if result is not None and result[0] == name:
            written, result = result[1], next(remaining, None)
        for _, key, etag, size, change in sorted(same_result, key=lambda row: row[4] == _ADDED):
            if change == _ADDED and written is None:
                continue
            line = InputObject(key, etag, size, name).line()
            line["OutputSize"] = written
            line["Status"] = _status(change, size, written, without_result)
            yield line
            written = None  # of two inputs, such as `a` and `/a`, one has lost its result
    for left in chain([] if result is None else [result], remaining):
        yield from _stray(left, output_prefix)


def _status(change: str, size: int | None, written: int | None, without_result: str) -> str:
    if change == _CHANGED:
        return CHANGED
    return COMPLETED if written is not None or size == 0 else without_result


def _stray(result: Written, output_prefix: str) -> Iterator[Line]:
    key, size = result
    folder = output_prefix.rstrip("/")
    if is_of_record(key[len(folder) + 1 :] if folder else key):
        return
    yield {**InputObject("", None, None, key).line(), "Key": None, "OutputSize": size, "Status": STRAY}


def _compared(
    at_start: Iterable[InputObject], at_end: Iterable[InputObject] | None
) -> Iterator[tuple[InputObject, str]]:
    """Yield each object with what happened to it. One that was deleted is changed."""
    if at_end is None:
        yield from ((one, _SAME) for one in at_start)
        return
    later = iter(at_end)
    now = next(later, None)
    for one in at_start:
        while now is not None and now.key < one.key:
            yield now, _ADDED
            now = next(later, None)
        if now is not None and now.key == one.key:
            is_same = (now.etag, now.size) == (one.etag, one.size)
            yield one, _SAME if is_same else _CHANGED
            now = next(later, None)
        else:
            yield one, _CHANGED
    while now is not None:
        yield now, _ADDED
        now = next(later, None)


def results_below(place: S3Uri, s3: S3Client, budget: TimeBudget) -> Iterator[Written]:
    """Yield the keys and the sizes of all objects below a prefix, in order. Raises ListingTimeError."""
    for entry in ObjectListing(place, s3, budget).whole():
        yield entry["Key"], entry["Size"]


def objects_of(lines: Iterable[Line]) -> Iterator[InputObject]:
    """Yield the objects that were listed when the run started."""
    for line in lines:
        if line["Key"] is not None:
            yield InputObject(line["Key"], line["ETag"], line["Size"], line["OutputKey"])


def in_key_order(objects: Iterable[InputObject]) -> Iterator[InputObject]:
    """Yield objects in the order of their keys; lines that were matched before are in the order of the results."""
    for key, written, etag, size in in_order(
        [one.key, one.output_key, one.etag, one.size] for one in objects
    ):
        yield InputObject(key, etag, size, written)
