"""The input objects of a failed run without a result."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from batch_transform.job.request.request import Request
from batch_transform.job.values.s3_uri import S3Uri, output_key
from in_order import in_order
from object_listing import ObjectListing, S3Lister
from time_budget import TimeBudget

_FILES_NAMED = 5


def unserved_files(request: Request, s3: S3Lister, budget: TimeBudget) -> list[str]:
    """Return a line that names the first input objects without an `.out` object, and counts all; none if all have one.

    Memory doesn't grow with the objects: both sides are compared in the order of the results' names. The budget is for
    both listings, and half of it for the input. If it is over before their end, the line says how many objects were
    compared.
    """
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    data = S3Uri.parse(source["S3Uri"])
    if source["S3DataType"] != "S3Prefix":
        return [f"input: {data} ({source['S3DataType']})"]
    output = S3Uri.parse(request["TransformOutput"]["S3OutputPath"])
    half = (budget.ends - budget.clock()) / 2
    inputs = ObjectListing(data, s3, budget.part(half))
    results = ObjectListing(output, s3, budget)
    written = (entry["Key"] for entry in results)
    result = next(written, None)
    named: list[str] = []
    compared = unserved = 0
    is_everything = True
    for name, key in in_order(_expected(inputs, data, output)):
        while result is not None and result < name:
            result = next(written, None)
        if result is None and not results.is_complete:
            is_everything = False  # of this name and later ones, it isn't known whether they exist
            break
        compared += 1
        if result != name:
            unserved += 1
            if len(named) < _FILES_NAMED:
                named.append(f"s3://{data.bucket}/{key}")
    more = f" and {unserved - len(named)} more" if unserved > len(named) else ""
    if is_everything and inputs.is_complete:
        return (
            [f"{unserved} of {compared} files have no result: {', '.join(named)}{more}"] if unserved else []
        )
    found = f"{unserved} have no result: {', '.join(named)}{more}" if unserved else "all have a result"
    return [
        f"files compared with their results in the time there was: {compared}, not all; of these, {found}"
    ]


def _expected(inputs: ObjectListing, data: S3Uri, output: S3Uri) -> Iterator[list[str]]:
    """Yield the name of each input object's result, and its own key."""
    keys = (entry["Key"] for entry in inputs if not entry["Key"].endswith("/"))  # no folder markers
    first = list(islice(keys, 2))
    alone = first == [data.key]
    for key in chain(first, keys):
        yield [output_key(key, data.key, output.key, alone=alone), key]
