"""What the functions that list objects need for a million: CPU time, divided by the share of CPU that Lambda gives.

CPU time is what a busy machine measures well, and it needs no cgroup. A function waits for S3 as well, and Lambda has
no throttle for that: so each call is counted with SECONDS_PER_CALL.

`function_cases` is the process that is measured. It has what Lambda has, boto3 and the function's folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from batch_transform_cdk.ground.function_size import LISTS_OBJECTS, FunctionSize
from benchmarks.measure import ROOT, Figures

MILLION = 1_000_000

SECONDS_PER_CALL = 0.2
"""How long S3 takes for a page of a thousand keys: a slow answer, in Lambda's own region."""

_BEFORE = FunctionSize(memory_mb=256, timeout_seconds=50)
"""The size of the functions in release 0.1."""

BY_BOTOCORE = "a listing by botocore's parser"
CASES = (
    BY_BOTOCORE,
    "a listing",
    "preflight: sizes of the input",
    "report: counts of a completed run",
    "report: files without a result",
)


def functions(*, objects: int = MILLION) -> list[Figures]:
    """Each function that lists objects: CPU seconds, the time on Lambda, and memory."""
    return [_measured(case, objects) for case in CASES]


def _measured(case: str, objects: int) -> Figures:
    measured = json.loads(
        subprocess.run(
            [sys.executable, str(ROOT / "benchmarks/function_cases.py"), case, str(objects)],
            env=_environment(),
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
    )
    size = _BEFORE if case == BY_BOTOCORE else LISTS_OBJECTS
    cpu, calls = measured["cpu"], measured["calls"]
    on_lambda = cpu / size.vcpus + calls * SECONDS_PER_CALL
    return {
        "case": case,
        "objects": objects,
        "calls": calls,
        "cpu_seconds": cpu,
        "memory_mb": size.memory_mb,
        "vcpus": size.vcpus,
        "seconds_on_lambda": on_lambda,
        "timeout": size.timeout_seconds,
        "fits": "yes" if on_lambda < size.timeout_seconds else "no",
        "peak_mib": measured["peak_mib"],
        "result": measured["result"],
    }


def _environment() -> dict[str, str]:
    paths = [ROOT / f"lambda/{folder}" for folder in ("shared", "report", "preflight")]
    credentials = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
    return {
        **os.environ,
        **credentials,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "PYTHONPATH": os.pathsep.join(map(str, [ROOT, *paths])),
    }
