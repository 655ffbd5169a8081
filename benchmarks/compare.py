"""The comparison of two runs, beside a script that makes the same figures with pandas.

python -m benchmarks.compare FIRST SECOND, which is one of the processes that are measured, prints the rows that it
found in both runs and its peak memory.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from batch_transform.compare.predictions import compare
from batch_transform.compare.rows import chosen, rows_of
from batch_transform.job.request.overrides import Columns
from benchmarks.measure import ROOT, Figures
from benchmarks.peak_memory import peak_mib

_REQUEST = {
    "TransformInput": {"ContentType": "text/csv"},
    "TransformOutput": {"Accept": "text/csv"},
    "DataProcessing": {"JoinSource": "Input", "OutputFilter": "$[0,-2,-1]"},
}
_COLUMNS = Columns(("customer_id", "age"), ("score", "churns"))
_MEASURED = ("seconds", "cpu_seconds", "peak_mib")
_CHANGED = 0.02  # of the rows; their order differs too


def comparison(work: Path, *, largest: int, rounds: int, pandas: Path | None) -> list[Figures]:
    """Measure runs whose rows have an id, a number and a class, from 100,000 rows to `largest`.

    `pandas` is a Python that has pandas. Both sides take turns; a ratio is the median of those of all rounds, and below
    1 if `compare` needs less. Ten million rows are compared once: pandas needs gigabytes for them.
    """
    found = []
    for rows in (100_000, 1_000_000, 10_000_000):
        if rows > largest:
            break
        files = _runs(work / "compare", rows)
        sides = {"compare": [sys.executable, "-m", "benchmarks.compare", *map(str, files)]}
        if pandas is not None:
            sides["pandas"] = [str(pandas), str(ROOT / "benchmarks/compare_pandas.py"), *map(str, files)]
        measured: dict[str, list[Figures]] = {side: [] for side in sides}
        for _ in range(1 if rows > 1_000_000 else rounds):
            for side, command in sides.items():
                measured[side].append(_process(command))
        counts = {one["both"] for side in measured.values() for one in side}
        if counts != {rows}:
            raise AssertionError(f"the sides found {counts} rows in both runs, not {rows}")
        figures: Figures = {
            "rows of each run": rows,
            "megabytes": round(sum(file.stat().st_size for file in files) / 1e6),
            **{name: median(one[name] for one in measured["compare"]) for name in _MEASURED},
        }
        for name in _MEASURED if pandas is not None else ():
            pairs = zip(measured["compare"], measured["pandas"], strict=True)
            figures[f"{name} / pandas"] = median(one[name] / other[name] for one, other in pairs)
        found.append(figures)
    return found


def _process(command: list[str]) -> Figures:
    """Run a process, and return what it printed, its seconds and its processor time, with its start and imports."""
    began = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {
        "seconds": time.monotonic() - began,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        **json.loads(printed),
    }


def _runs(folder: Path, rows: int) -> list[Path]:
    """Write the results of two runs, the second in another order."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}-{rows}.out" for name in ("first", "second")]
    chance = random.Random(rows)  # noqa: S311  # for data, not for secrets
    with files[0].open("w") as first, files[1].open("w") as second:
        for start in range(0, rows, 1000):
            scores = [
                (f"customer-{start + number:09d}", chance.random())
                for number in range(min(1000, rows - start))
            ]
            first.writelines(_row(key, score) for key, score in scores)
            chance.shuffle(scores)
            second.writelines(
                _row(key, chance.random() if chance.random() < _CHANGED else score) for key, score in scores
            )
    return files


def _row(key: str, score: float) -> str:
    return f"{key},{score:.6f},{'yes' if score > 0.8 else 'no'}\n"


def _compare(first: Path, second: Path) -> Figures:
    one, other = (rows_of([file], _REQUEST, _COLUMNS) for file in (first, second))
    outcome = compare(*chosen(one, other))
    return {"both": outcome.keys.both, "peak_mib": peak_mib()}


if __name__ == "__main__":
    print(json.dumps(_compare(Path(sys.argv[1]), Path(sys.argv[2]))))  # noqa: T201 - the output of this program
