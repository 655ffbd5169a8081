"""The input objects of a run: whether there are any, and whether a transform job can score them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from batch_transform.job.errors import DataNotFoundError
from batch_transform.job.record.names import RUN_FILE
from batch_transform.job.rules.unfit_data import FIRST_BYTES, Reading, Unfit, unfit_name
from batch_transform.job.values.s3_uri import S3Uri
from first_row import LOOKED_AT, S3Reader, start_of
from object_listing import ObjectListing, S3Lister
from time_budget import TimeBudget

MOST_READ = 100
"""Objects whose first bytes are read, in key order: a few seconds."""

MOST_UNFIT = 10_000
"""Unfit objects that are looked for before the run is refused: more of them have the same fix."""

MOST_RUNS = 5
"""Folders named as runs in which a record is looked for. A run of a release before 0.2 has none."""

_RUN_FOLDER = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}/")
_AT_A_TIME = 8


class S3Client(S3Reader, S3Lister, Protocol):
    """The part of boto3's S3 client that is used here."""


@dataclass(frozen=True)
class InputObjects:
    """What was found. `start` is the start of the first object, empty if it was not or could not be read.

    `is_everything` is false if the time was over before the sizes of all objects were compared.
    """

    first: S3Uri
    start: bytes
    unfit: Sequence[tuple[str, Unfit]]
    looked_at: int
    is_everything: bool


def input_objects(
    uri: str, reading: Reading | None, s3: S3Client, budget: TimeBudget, *, region: str, read_first: bool
) -> InputObjects:
    """Check the objects below an S3 URI, within the budget.

    Raises DataNotFoundError if none has data, and BucketRegionError if their bucket isn't in `region`, that of the job.
    `reading` says how the request reads them; None for a manifest, which is not data. `read_first` reads the start of
    the first object in any case.
    """
    is_sized = reading is not None and reading.most_bytes is not None
    places: list[S3Uri] = []
    unfit: list[tuple[str, Unfit]] = []
    listed = 0
    listing = ObjectListing(S3Uri.parse(uri), s3, budget, region=region)
    found = _with_data(uri, listing)
    for place, size in found if is_sized else islice(found, MOST_READ):
        listed += 1
        if listed <= MOST_READ:
            places.append(place)
        if reading and (why := unfit_name(place.key) or reading.unfit_size(size)):
            unfit.append((str(place), why))
            if len(unfit) >= MOST_UNFIT:
                break
    if reading and not unfit and (record := _record_of_run(uri, s3, budget)):
        unfit.append(record)  # it may come after the first objects
    read = places if reading and reading.looks_at_first_bytes else places[:1] if read_first else []
    starts = _starts(read, s3)
    if reading:
        judged = zip(read, map(reading.unfit_start, starts), strict=True)
        unfit += [(str(place), why) for place, why in judged if why]
    return InputObjects(
        places[0], starts[0] if starts else b"", unfit, listed, listing.is_complete or not is_sized
    )


def _record_of_run(uri: str, s3: S3Client, budget: TimeBudget) -> tuple[str, Unfit] | None:
    """Return the record of the run whose output prefix the URI is, or of one whose prefix is a folder below it.

    Of a thousand folders, which one call lists, the last MOST_RUNS that are named as runs are looked at.
    """
    base = S3Uri.parse(f"{uri.rstrip('/')}/")
    for folder in (base.key, *deque(_run_folders(base, s3), MOST_RUNS)):
        place = S3Uri(base.bucket, f"{folder}{RUN_FILE}")
        why = unfit_name(place.key)
        if why and any(entry["Key"] == place.key for entry in ObjectListing(place, s3, budget)):
            return str(place), why
    return None


def _run_folders(base: S3Uri, s3: S3Client) -> Iterator[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=base.bucket, Prefix=base.key, Delimiter="/")
    for page in islice(pages, 1):
        for folder in page.get("CommonPrefixes", []):
            if _RUN_FOLDER.fullmatch(folder["Prefix"], len(base.key)):
                yield folder["Prefix"]


def _starts(places: Sequence[S3Uri], s3: S3Reader) -> list[bytes]:
    sizes = [LOOKED_AT, *[FIRST_BYTES] * (len(places) - 1)]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(lambda place, size: start_of(place, s3, size), places, sizes))


def _with_data(uri: str, listing: ObjectListing) -> Iterator[tuple[S3Uri, int]]:
    """Yield each non-empty object and its size. A prefix is a plain string: every key that starts with it is input."""
    bucket = S3Uri.parse(uri).bucket
    empty_objects = 0
    has_data = False
    for entry in listing:
        if entry["Size"] > 0:
            has_data = True
            yield S3Uri(bucket, entry["Key"]), entry["Size"]
        else:
            empty_objects += 1
    if has_data:
        return
    if empty_objects:
        which = "all" if listing.is_complete else "the first"
        raise DataNotFoundError(f"{which} {empty_objects} objects below {uri} are empty; upload data first")
    raise DataNotFoundError(
        f"there are no objects below {uri}; upload data there, or start the run with another input.data"
    )
