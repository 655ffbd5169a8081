"""What counting the records of a run takes: CPU time of the function's own code, for objects of any size.

`line_counting_cases` is the process that is measured, and `range_server` another one, which answers as S3 does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks.measure import ROOT, Figures

_BYTES = 2_150_000_000
_GZIP_BYTES = 1_000_000_000
_OBJECTS = 20_000
_CASES = {
    "memory": "lines in memory",
    "object": "an object, in ranges over HTTP",
    "gzip": "a gzip file over HTTP, unpacked",
    "small": "objects of one row with their results",
}


def line_counting() -> list[Figures]:
    """Each case: CPU seconds, megabytes and objects a CPU second, and memory."""
    command = [sys.executable, str(ROOT / "benchmarks/range_server.py"), str(_BYTES), str(_GZIP_BYTES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101 - it was asked for
        try:
            port = server.stdout.readline().strip()
            return [_measured(case, what, port) for case, what in _CASES.items()]
        finally:
            server.terminate()


def _measured(case: str, what: str, port: str) -> Figures:
    arguments = [case, port, str(_BYTES), str(_GZIP_BYTES), str(_OBJECTS)]
    measured = json.loads(
        subprocess.run(
            [sys.executable, "-m", "benchmarks.line_counting_cases", *arguments],
            env=_environment(),
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
    )
    is_small = case == "small"
    return {
        "case": what,
        "megabytes": round(measured["bytes"] / 1e6),
        "records": measured["records"],
        "cpu_seconds": measured["cpu"],
        "megabytes_a_cpu_second": measured["bytes"] / 1e6 / measured["cpu"],
        "objects_a_cpu_second": round(_OBJECTS / measured["cpu"]) if is_small else "",
        "peak_mib": measured["peak_mib"],
    }


def _environment() -> dict[str, str]:
    paths = [ROOT / f"lambda/{folder}" for folder in ("shared", "record")]
    credentials = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
    return {
        **os.environ,
        **credentials,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "PYTHONPATH": os.pathsep.join(map(str, [ROOT, *paths])),
    }
