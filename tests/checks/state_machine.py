"""What the offline checks of Amazon States Language say of a definition."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
_TOOLS = Path(sys.executable).parent

# statelint 3.1.0 takes a number only; Step Functions also an expression that results in one (Developer Guide,
# Wait state; Amazon States Language, TimeoutSeconds). The pauses grow, and are random; a time limit follows from money.
_EXPRESSION_OF_SECONDS = re.compile(r'.*\.(Timeout)?Seconds is "\{%.*%\}" but should be an Integer')
_HEADING = re.compile(r"(One|\d+) errors?:")


def findings(definition: dict[str, Any], folder: Path) -> list[str]:
    """Return what statelint and asl-validator find; `folder` is for the file that they read."""
    path = folder / "definition.json"
    path.write_text(json.dumps(definition))
    asl_validator = [str(_TOOLS / "node"), str(PROJECT / "node_modules/.bin/asl-validator"), "--json-path"]
    told = _complaints(str(_TOOLS / "statelint"), str(path)) + _complaints(*asl_validator, str(path))
    return [line for line in told if not (_HEADING.fullmatch(line) or _EXPRESSION_OF_SECONDS.fullmatch(line))]


def _complaints(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [line.strip() for line in (done.stdout + done.stderr).splitlines()] if done.returncode else []
