"""One case of `functions` in this process: prints what it took as JSON.

python function_cases.py CASE OBJECTS [SECONDS], with the functions' folders in PYTHONPATH. SECONDS is the function's
timeout: the case ends with its budget.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from aws_client import LONGEST_CALL_SECONDS, aws_client
from batch_transform.job.rules.unfit_data import Reading
from batch_transform.job.values.s3_uri import S3Uri
from benchmarks.peak_memory import peak_mib
from input_objects import S3Client, input_objects
from object_listing import ObjectListing, S3Lister, read_quickly
from results import CompletedRun, count
from time_budget import TimeBudget
from unserved_files import unserved_files

_REQUEST = {
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data-in/churn/"}},
        "SplitType": "None",
        "ContentType": "image/png",
    },
    "TransformOutput": {"S3OutputPath": "s3://out/churn"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}


def _count(s3: S3Lister, budget: TimeBudget) -> str:
    counts = count(CompletedRun(run={}, request=_REQUEST, completed={}), s3, budget)
    if counts["AtLeast"]:
        return f"at least {counts['AtLeast']}"
    return f"{counts['InputObjects']:,} in, {counts['OutputObjects']:,} out"


def _diagnose(s3: S3Lister, budget: TimeBudget) -> str:
    return unserved_files(_REQUEST, s3, budget)[0].partition(": s3://")[0]


def _preflight(s3: S3Client, budget: TimeBudget) -> str:
    found = input_objects("s3://data-in/churn/", Reading.of(_REQUEST), s3, budget, read_first=False)
    return f"{found.looked_at:,} sizes checked"


def _listing(s3: S3Lister, budget: TimeBudget) -> str:
    return f"{sum(1 for _ in ObjectListing(S3Uri('data-in', 'churn/'), s3, budget)):,} objects"


_CASES: dict[str, Callable[[Any, TimeBudget], str]] = {
    "a listing by botocore's parser": _listing,
    "a listing": _listing,
    "preflight: sizes of the input": _preflight,
    "report: counts of a completed run": _count,
    "report: files without a result": _diagnose,
}


def main(case: str, objects: str, seconds: str = "900") -> None:
    with s3_with(objects) as endpoint:
        os.environ["AWS_ENDPOINT_URL_S3"] = endpoint
        s3 = aws_client("s3")
        if not case.endswith("botocore's parser"):
            read_quickly(s3)
        calls: list[None] = []
        s3.meta.events.register("before-send.s3", lambda **_event: calls.append(None))
        began, wall = time.process_time(), time.monotonic()
        with redirect_stdout(sys.stderr):  # what the functions log
            result = _CASES[case](s3, TimeBudget(wall + float(seconds) - LONGEST_CALL_SECONDS))
        measured = {
            "cpu": time.process_time() - began,
            "wall": time.monotonic() - wall,
            "calls": len(calls),
            "peak_mib": peak_mib(),
            "result": result,
        }
    print(json.dumps(measured))  # noqa: T201  # the parent process reads it


@contextmanager
def s3_with(objects: str) -> Iterator[str]:
    """Start an S3 that lists so many objects in any bucket, in a process of its own. Yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("listing_server.py")), str(port), objects],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        if server.stdout is None or not server.stdout.readline():
            raise RuntimeError("the server of the listing has ended")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
