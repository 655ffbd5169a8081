"""The most memory that this process has used."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def peak_mib() -> int:
    """Return the peak of this process. On Linux, `ru_maxrss` includes that of the parent process, VmHWM does not."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // (2**20 if sys.platform == "darwin" else 2**10)  # bytes on macOS
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
