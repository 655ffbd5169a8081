"""The comparison of two runs; prints the seconds, the processor time and the peak memory of this process.

python -m benchmarks.compare FIRST SECOND
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

from batch_transform.compare.predictions import compare
from batch_transform.compare.rows import chosen, rows_of
from batch_transform.job.request.overrides import Columns
from benchmarks.measure import ROOT, Figures

_REQUEST = {
    "TransformInput": {"ContentType": "text/csv"},
    "TransformOutput": {"Accept": "text/csv"},
    "DataProcessing": {"JoinSource": "Input", "OutputFilter": "$[0,-2,-1]"},
}
_COLUMNS = Columns(("customer_id", "age"), ("score", "churns"))
_CHANGED = 0.02  # of the rows; their order differs too


def comparison(work: Path, *, largest: int) -> list[Figures]:
    """Measure runs whose rows have an id, a number and a class, from 100,000 rows to `largest`."""
    found = []
    for rows in (100_000, 1_000_000, 10_000_000):
        if rows > largest:
            break
        files = _runs(work / "compare", rows)
        command = [sys.executable, "-m", "benchmarks.compare", *map(str, files)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=1800)
        size = sum(file.stat().st_size for file in files)
        found.append({"rows of each run": rows, "megabytes": round(size / 1e6), **json.loads(done.stdout)})
    return found


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


def _measured(first: Path, second: Path) -> Figures:
    began = time.monotonic()
    one, other = (rows_of([file], _REQUEST, _COLUMNS) for file in (first, second))
    compare(*chosen(one, other))
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mib": used.ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024),
    }


if __name__ == "__main__":
    print(json.dumps(_measured(Path(sys.argv[1]), Path(sys.argv[2]))))  # noqa: T201 - the output of this program
