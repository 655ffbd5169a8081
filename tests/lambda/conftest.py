"""`lambda` is a word of Python, so the functions' folders are put on the path, as Lambda does it."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in (Path(__file__).resolve().parents[2] / "lambda").iterdir():
    sys.path.append(str(folder))
