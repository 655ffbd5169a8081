"""The trained example model and its data."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2]


def example_model_in(build: Path) -> Path:
    """Put the model and its data into a folder: a copy of those of `make model` if it has run."""
    if (_PROJECT / "build/tumours/parameters.json").exists():
        for name in ("tumours", "data"):
            shutil.copytree(_PROJECT / "build" / name, build / name)
    else:
        subprocess.run([sys.executable, str(_PROJECT / "models/tumours/train.py"), str(build)], check=True)
    return build
