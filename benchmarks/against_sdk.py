"""Point 1 of docs/how-it-works/speed.md: records per second, compared with SDK local mode in both major versions."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.clients import Job
from benchmarks.inputs import make
from benchmarks.measure import (
    CSV_FILTERS,
    JSON_FILTERS,
    JSON_TYPE,
    ROOT,
    Figures,
    engine_seconds,
    median_ratio,
    model_server,
)

# Bodies of 1 MB, with which local mode was fastest; one case has the default of 6.
_SMALL = Job(max_payload=1)
_JSON = Job(content_type=JSON_TYPE, max_payload=1)
_CASES = [
    ("constant", "narrow", 1_000_000, 4, _SMALL, CSV_FILTERS),
    ("constant", "narrow", 200_000, 4, Job(), CSV_FILTERS),
    ("constant", "wide", 100_000, 4, _SMALL, CSV_FILTERS),
    ("constant", "jsonl", 400_000, 4, _JSON, JSON_FILTERS),
    ("constant", "narrow", 20_000, 200, _SMALL, CSV_FILTERS),
    ("rows", "narrow", 400_000, 4, _SMALL, CSV_FILTERS),
]


def against_sdk(work: Path, pythons: Mapping[str, Path], *, rounds: int) -> list[Figures]:
    """Run each case with each SDK and with the engine, alternately. `pythons` are those of the SDKs, by release."""
    found: list[Figures] = []
    for answer, kind, count, files, plain, filters in _CASES:
        source = make(work, kind, count, files=files)
        filtered = plain.with_filters(filters)
        sdks: dict[str, list[float]] = {release: [] for release in pythons}
        ours, with_join = [], []
        with model_server(answer) as port:
            for _ in range(rounds):
                for release, python in pythons.items():
                    sdks[release].append(sdk_seconds(python, port, source, plain))
                ours.append(engine_seconds(plain, source, port))
                with_join.append(engine_seconds(filtered, source, port))
        found += [
            {
                "input": f"{kind} x {count:,} in {files} files",
                "model": answer,
                "MaxPayloadInMB": plain.max_payload,
                "sdk": release,
                "sdk_records_per_second": round(count / median(sdk)),
                "engine_records_per_second": round(count / median(ours)),
                "engine_with_filter_and_join_records_per_second": round(count / median(with_join)),
                "ratio": median_ratio(sdk, ours),
                "ratio_with_filter_and_join": median_ratio(sdk, with_join),
            }
            for release, sdk in sdks.items()
        ]
    return found


def sdk_seconds(python: Path, port: int, source: Path, job: Job) -> float:
    """Return the seconds of one transform of the SDK, as it measures them."""
    with tempfile.TemporaryDirectory() as output:
        script = ROOT / "benchmarks/sdk_local_mode.py"
        command = [python, script, str(port), source, output, job.content_type, str(job.max_payload)]
        environment = {**os.environ, "SAGEMAKER_SUPPRESS_DEFAULTS": "true", "AWS_DEFAULT_REGION": "us-east-1"}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
    if done.returncode:
        raise RuntimeError(f"the SDK failed: {done.stderr[-2000:]}")
    return float(done.stdout.splitlines()[-1])
