"""A request as a command line of the AWS CLI."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from botocore import xform_name


def aws_cli_command(request: Mapping[str, Any]) -> str:
    """Return `aws sagemaker create-transform-job ...` for a POSIX shell, one option a line."""
    options = [
        f"--{xform_name(name, '-')} {shlex.quote(_argument(value))}" for name, value in request.items()
    ]
    return " \\\n    ".join(["aws sagemaker create-transform-job", *options])


def _argument(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
