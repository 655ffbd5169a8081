"""One case of `line_counting` in this process: prints what it took as JSON.

python -m benchmarks.line_counting_cases CASE PORT BYTES GZIP_BYTES OBJECTS, with the functions' folders in PYTHONPATH.
"""

from __future__ import annotations

import json
import sys
import time

import boto3
from botocore.config import Config

from batch_transform.job.values.s3_uri import S3Uri
from benchmarks.peak_memory import peak_mib
from counting import CHUNK_BYTES, Counted, count_gzip, count_plain
from record_counts import Cursor, RecordCounter
from time_budget import TimeBudget

_ETAG = "9a0364b9e99bb480dd25e1f0284c8555"


def main(case: str, port: int, size: int, packed: int, objects: int) -> None:
    s3 = boto3.client(
        "s3", endpoint_url=f"http://127.0.0.1:{port}", config=Config(s3={"addressing_style": "path"})
    )
    chunk = (b"customer-000001,12.5,0.25,7,0.0001,3.14159\n" * 25_000)[:CHUNK_BYTES]
    began = time.process_time()
    if case == "memory":
        counted = Counted()
        for _ in range(size // CHUNK_BYTES):
            counted = counted.plus(chunk)
        amount, records = counted.offset, counted.records
    elif case == "object":
        counted = count_plain(S3Uri("data", "lines"), _ETAG, size, s3)
        amount, records = counted.offset, counted.records
    elif case == "gzip":
        found = count_gzip(S3Uri("data", "gzip"), _ETAG, s3)
        records = found.records if found else 0
        amount = found.offset if found else 0
    else:
        line = {
            "Key": "a",
            "ETag": _ETAG,
            "Size": 43,
            "OutputKey": "a.out",
            "OutputSize": 43,
            "Status": "Completed",
        }
        counter = RecordCounter(
            s3, source_bucket="data", output_bucket="out", is_gzip=False, budget=TimeBudget(float("inf"))
        )
        lines = ({**line, "Key": str(at), "RecordsIn": None, "RecordsOut": None} for at in range(objects))
        records = sum(one["RecordsIn"] for one in counter.count(lines, Cursor()))
        amount = 2 * 43 * objects
    print(  # noqa: T201 - for the benchmark
        json.dumps(
            {
                "bytes": amount,
                "records": records,
                "cpu": time.process_time() - began,
                "peak_mib": round(peak_mib()),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
