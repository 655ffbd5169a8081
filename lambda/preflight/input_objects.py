"""The input objects of a run: whether there are any, and whether a transform job can score them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from first_row import LOOKED_AT, S3Reader, start_of

from batch_transform.job.errors import DataNotFoundError
from batch_transform.job.rules.unfit_data import FIRST_BYTES, Reading, Unfit
from batch_transform.job.values.s3_uri import S3Uri

MOST_LISTED = 100_000
"""Objects whose size is compared with MaxPayloadInMB: about twenty of the fifty seconds that the function has."""

MOST_READ = 100
"""Objects whose first bytes are read, in key order: a few seconds."""

_AT_A_TIME = 8


class S3Client(S3Reader, Protocol):
    """The part of boto3's S3 client that is used here."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""


@dataclass(frozen=True)
class InputObjects:
    """What was found. `start` is the start of the first object, empty if it was not or could not be read."""

    first: S3Uri
    start: bytes
    unfit: Sequence[tuple[str, Unfit]]
    looked_at: int


def input_objects(uri: str, reading: Reading | None, s3: S3Client, *, read_first: bool) -> InputObjects:
    """Check the objects below an S3 URI. Raises DataNotFoundError if none has data.

    `reading` says how the request reads them; None for a manifest, which is not data. `read_first` reads the start of
    the first object in any case.
    """
    is_sized = reading is not None and reading.most_bytes is not None
    places: list[S3Uri] = []
    unfit: list[tuple[str, Unfit]] = []
    listed = 0
    for place, size in islice(_with_data(uri, s3), MOST_LISTED if is_sized else MOST_READ):
        listed += 1
        if listed <= MOST_READ:
            places.append(place)
        if reading and (why := reading.unfit_size(size)):
            unfit.append((str(place), why))
    read = places if reading and reading.looks_at_first_bytes else places[:1] if read_first else []
    starts = _starts(read, s3)
    if reading:
        judged = zip(read, map(reading.unfit_start, starts), strict=True)
        unfit += [(str(place), why) for place, why in judged if why]
    return InputObjects(places[0], starts[0] if starts else b"", unfit, listed)


def _starts(places: Sequence[S3Uri], s3: S3Reader) -> list[bytes]:
    sizes = [LOOKED_AT, *[FIRST_BYTES] * (len(places) - 1)]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(lambda place, size: start_of(place, s3, size), places, sizes))


def _with_data(uri: str, s3: S3Client) -> Iterator[tuple[S3Uri, int]]:
    """Yield each non-empty object and its size. A prefix is a plain string: every key that starts with it is input."""
    place = S3Uri.parse(uri)
    empty_objects = 0
    has_data = False
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key):
        for entry in page.get("Contents", []):
            if entry["Size"] > 0:
                has_data = True
                yield S3Uri(place.bucket, entry["Key"]), entry["Size"]
            else:
                empty_objects += 1
    if has_data:
        return
    if empty_objects:
        raise DataNotFoundError(f"all {empty_objects} objects below {uri} are empty; upload data first")
    raise DataNotFoundError(
        f"there are no objects below {uri}; upload data there, or start the run with another input.data"
    )
