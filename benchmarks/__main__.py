"""Measures everything, prints tables, and writes them to benchmarks/results.

python -m benchmarks [POINT ...] --work build/bench --sdk build/sagemaker-sdk --sdk build/sagemaker-sdk-3
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.against_sdk import against_sdk
from benchmarks.compare import comparison
from benchmarks.framed import framed
from benchmarks.functions import functions
from benchmarks.line_counting import line_counting
from benchmarks.measure import (
    Figures,
    against_bare_client,
    concurrency,
    memory,
    scaling,
    start_up,
)
from benchmarks.synth import synth

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("points", nargs="*", help="all by default")
    parser.add_argument("--work", type=Path, default=Path("build/bench"), help="the folder for inputs")
    parser.add_argument("--sdk", type=Path, action="append", default=[], help="an environment with an SDK")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--largest", type=int, default=10_000_000, help="records of the scaling runs")
    parser.add_argument("--gibibytes", type=float, default=2.0, help="input of the memory runs")
    parser.add_argument("--objects", type=int, default=1_000_000, help="objects that the functions list")
    given = parser.parse_args()
    points: dict[str, Callable[[], list[Figures]]] = {
        "sdk": lambda: against_sdk(given.work, _releases(given.sdk), rounds=min(2, given.rounds)),
        "bare": lambda: against_bare_client(given.work, rounds=given.rounds),
        "scaling": lambda: scaling(given.work, largest=given.largest),
        "concurrency": lambda: concurrency(given.work, rounds=given.rounds),
        "framed": lambda: framed(given.work, rounds=given.rounds),
        "start-up": lambda: start_up(rounds=20),
        "memory": lambda: memory(gibibytes=given.gibibytes),
        "functions": lambda: functions(objects=given.objects),
        "counting": line_counting,
        "compare": lambda: comparison(
            given.work,
            largest=given.largest,
            rounds=given.rounds,
            pandas=given.sdk[0] / "bin/python" if given.sdk else None,  # the SDK needs pandas
        ),
        "synth": lambda: synth(given.work / "synth", rounds=given.rounds),
    }
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / "latest.json"
    for point in given.points or points:
        figures = points[point]()
        results = json.loads(kept.read_text()) if kept.exists() else {}
        results[point] = {"measured": _now(), "machine": machine(), "figures": figures}
        print(f"\n{point}\n\n{table(figures)}", flush=True)  # noqa: T201 - the output of this program
        kept.write_text(json.dumps(results, indent=1) + "\n")
        (RESULTS / "latest.md").write_text(report(results))


def _releases(environments: list[Path]) -> dict[str, Path]:
    """Return the Python of each environment by the release of its SDK."""
    ask = "import importlib.metadata; print(importlib.metadata.version('sagemaker'))"
    pythons = [environment / "bin/python" for environment in environments]
    return {subprocess.check_output([python, "-c", ask], text=True).strip(): python for python in pythons}


def machine() -> Figures:
    """Return what the figures depend on. `load` is the machine's load in the last minute."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def table(figures: list[Figures]) -> str:
    """Return the figures as a markdown table."""
    names = list(figures[0])
    rows = [[_shown(row[name]) for name in names] for row in figures]
    return "\n".join(
        "| " + " | ".join(row) + " |"
        for row in [[name.replace("_", " ") for name in names], ["---"] * len(names), *rows]
    )


def report(results: dict[str, Figures]) -> str:
    """Return all results as one page."""
    parts = ["# Results of `make bench`", "What they mean: [Speed](../../docs/how-it-works/speed.md)."]
    for point, result in results.items():
        about = ", ".join(f"{name} {value}" for name, value in result["machine"].items())
        parts += [f"## {point}", f"{result['measured']}; {about}", table(result["figures"])]
    return "\n\n".join(parts) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")


if __name__ == "__main__":
    main()
