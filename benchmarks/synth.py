"""What `app.py` costs, compared with a bare CDK app that defines the same resources with L1 constructs."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from batch_transform.runs.app_command import app_command
from batch_transform.runs.synth import app_environment
from benchmarks.measure import ROOT, Figures

# The example's job. All jobs share the model and differ only in the name.
_JOB = ROOT / "jobs" / "tumours.yaml"


@dataclass(frozen=True)
class Cost:
    """Seconds of one synthesis: elapsed, and of the processor in Python and in Node."""

    wall: float
    python: float
    node: float

    @property
    def cpu(self) -> float:
        return self.python + self.node


def synth(work: Path, *, rounds: int, counts: tuple[int, ...] = (1, 10, 100, 500)) -> list[Figures]:
    """Seconds of a synthesis without checks on either side, by number of jobs."""
    figures = []
    for count in counts:
        jobs = _job_files(work / f"jobs-{count}", count)
        figures.append(_compared(jobs, count, rounds=rounds if count < 500 else min(rounds, 2)))
    figures += [
        {**_compared(_job_files(work / f"jobs-{count}", count), count, rounds=min(rounds, 2), is_cold=True)}
        for count in counts[:1]
    ]
    return figures


def _compared(jobs: Path, count: int, *, rounds: int, is_cold: bool = False) -> Figures:
    with tempfile.TemporaryDirectory(prefix="batch-transform-") as folder:
        ours, bare = Path(folder) / "app", Path(folder) / "bare"
        app = [str(ROOT / "app.py")]
        bare_app = [str(ROOT / "benchmarks" / "bare_app.py"), str(ours)]
        context = {"jobs": str(jobs), "security_checks": "false"}
        _run(app, ours, context)
        _run(bare_app, bare, {})
        if (theirs := _kinds(bare)) != (own := _kinds(ours)):
            raise AssertionError(f"the bare app makes {theirs}, and app.py {own}")
        costs = []
        for _ in range(rounds):
            caches = (Path(tempfile.mkdtemp(dir=folder)) if is_cold else None for _ in range(2))
            pair = _run(app, ours, context, next(caches)), _run(bare_app, bare, {}, next(caches))
            costs.append(pair)
        return {
            "jobs": count,
            "bytecode": "none" if is_cold else "kept",
            "stacks": len(list(ours.glob("*.template.json"))),
            "resources": own.total(),
            "seconds": median(own_cost.wall for own_cost, _ in costs),
            "bare_seconds": median(bare_cost.wall for _, bare_cost in costs),
            "ratio": median(own_cost.wall / bare_cost.wall for own_cost, bare_cost in costs),
            "ratio_of_cpu": median(own_cost.cpu / bare_cost.cpu for own_cost, bare_cost in costs),
            "python_cpu": median(own_cost.python for own_cost, _ in costs),
            "node_cpu": median(own_cost.node for own_cost, _ in costs),
            "bare_python_cpu": median(bare_cost.python for _, bare_cost in costs),
            "bare_node_cpu": median(bare_cost.node for _, bare_cost in costs),
        }


def _job_files(folder: Path, count: int) -> Path:
    """Write `count` job files. Their model is the example's, by its absolute path."""
    folder.mkdir(parents=True, exist_ok=True)
    text = _JOB.read_text().replace("../build/", f"{ROOT}/build/")
    for number in range(count):
        (folder / f"{number:03}.yaml").write_text(text.replace("name: tumours", f"name: tumours-{number:03}"))
    return folder


def _run(command: list[str], assembly: Path, context: Mapping[str, str], cache: Path | None = None) -> Cost:
    """Run a CDK app as `batch-transform run` does. `cache` is its folder of bytecode; empty for a cold start."""
    report = assembly.with_suffix(".json")
    environment = {
        **app_environment(assembly, {**app_command(ROOT).context, **context}),
        "BATCH_TRANSFORM_BENCH_REPORT": str(report),
    }
    if cache is not None:
        environment["PYTHONPYCACHEPREFIX"] = str(cache)
    before = _children()
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "timed.py"), *command],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
    )
    wall = time.perf_counter() - began
    python = float(json.loads(report.read_text()))
    return Cost(wall=wall, python=python, node=_children() - before - python)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _kinds(assembly: Path) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for path in assembly.glob("*.template.json"):
        template: dict[str, Any] = json.loads(path.read_text())
        kinds.update(one["Type"] for one in template["Resources"].values())
    return kinds
