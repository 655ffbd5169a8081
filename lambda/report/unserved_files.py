"""The input objects of a failed run without a result."""

from __future__ import annotations

from itertools import islice

from batch_transform.job.request.request import Request
from batch_transform.job.values.s3_uri import S3Uri, output_key
from object_listing import ObjectListing, S3Lister
from time_budget import TimeBudget

_FILES_NAMED = 5


def unserved_files(request: Request, s3: S3Lister, budget: TimeBudget) -> list[str]:
    """Return a line that names the first input objects without an `.out` object, and counts all; none if all have one.

    The results' names are held in memory: some 130 MB for a million. The budget is for both listings, and half of it
    for the results. If it is over before their end, the line says how many objects were compared.
    """
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    data = S3Uri.parse(source["S3Uri"])
    if source["S3DataType"] != "S3Prefix":
        return [f"input: {data} ({source['S3DataType']})"]
    output = S3Uri.parse(request["TransformOutput"]["S3OutputPath"])
    half = (budget.ends - budget.clock()) / 2
    results = ObjectListing(output, s3, budget.part(half))
    served = {entry["Key"] for entry in results}
    # S3 lists in key order: of the names after this one, it isn't known whether they exist.
    last = None if results.is_complete else max(served, default="")
    inputs = ObjectListing(data, s3, budget)
    keys = (entry["Key"] for entry in inputs if not entry["Key"].endswith("/"))  # no folder markers
    first = list(islice(keys, 2))
    alone = first == [data.key]
    named: list[str] = []
    compared = unserved = 0
    is_everything = last is None
    for listed in (first, keys):
        for key in listed:
            name = output_key(key, data.key, output.key, alone=alone)
            if last is not None and name > last:
                continue
            compared += 1
            if name not in served:
                unserved += 1
                if len(named) < _FILES_NAMED:
                    named.append(f"s3://{data.bucket}/{key}")
    is_everything = is_everything and inputs.is_complete
    more = f" and {unserved - len(named)} more" if unserved > len(named) else ""
    if is_everything:
        return (
            [f"{unserved} of {compared} files have no result: {', '.join(named)}{more}"] if unserved else []
        )
    found = f"{unserved} have no result: {', '.join(named)}{more}" if unserved else "all have a result"
    return [
        f"files compared with their results in the time there was: {compared}, not all; of these, {found}"
    ]
