"""A model that sleeps for the number of seconds in its first record, for long runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_CODE = """
import time
def model_fn(model_dir): return None
def input_fn(data, content_type): return data
def predict_fn(data, model): time.sleep(float(data.split(",")[0])); return data
def output_fn(prediction, accept): return prediction, accept
"""

SLEEPER: dict[str, Any] = {
    "source": "../build/sleeper",
    "image": {"framework": "sklearn", "version": "1.2-1"},
}
"""The `model` of a job file next to the folder `build`."""


def write_sleeper(folder: Path) -> None:
    """Write the model below `folder/build`."""
    (folder / "build/sleeper/code").mkdir(parents=True)
    (folder / "build/sleeper/code/inference.py").write_text(_CODE)
