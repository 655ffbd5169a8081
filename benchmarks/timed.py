"""Runs a Python program in this process, and writes the processor time of the process to a file.

python timed.py PROGRAM ARGUMENT ..., with the file in BATCH_TRANSFORM_BENCH_REPORT.
"""

from __future__ import annotations

import atexit
import os
import resource
import runpy
import sys
from pathlib import Path


def _report() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    Path(os.environ["BATCH_TRANSFORM_BENCH_REPORT"]).write_text(str(used.ru_utime + used.ru_stime))


if __name__ == "__main__":
    atexit.register(_report)
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
