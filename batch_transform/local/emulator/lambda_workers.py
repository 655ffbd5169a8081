"""Lambda functions: Python processes that end with the local AWS and see their own files only."""

from __future__ import annotations

from ministack.core import lambda_runtime  # type: ignore[import-untyped]  # it has no types

# Runs first in each worker. A worker ends when its pipe from the local AWS does, but not while a
# handler runs: so it looks for its parent as well. And it drops this project from the import path:
# what a function needs of it must be in the function's own archive, as on AWS.
_PRELUDE = """
import os, sys, threading, time

def _end_with_parent(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)

threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
sys.meta_path[:] = [
    finder for finder in sys.meta_path if not getattr(finder, "__module__", "").startswith("__editable__")
]
sys.path[:] = [path for path in sys.path if not os.path.isdir(os.path.join(path, "batch_transform"))]
"""


def plug_in() -> None:
    """Put the prelude in front of the emulator's worker for Python."""
    detect = lambda_runtime._detect_runtime_binary

    def detect_with_prelude(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return binary, _PRELUDE + script if runtime.startswith("python") else script

    lambda_runtime._detect_runtime_binary = detect_with_prelude


def end_all() -> None:
    """End the workers that wait for the next call."""
    lambda_runtime.reset()
