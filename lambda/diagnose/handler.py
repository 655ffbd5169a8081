"""Explains a failed run; see `diagnose` for what it finds out."""

from __future__ import annotations

from typing import Any

import boto3

from diagnose import FailedRun, explain

_s3 = boto3.client("s3")
_logs = boto3.client("logs")


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Return the Error and the Cause that the execution ends with."""
    return explain(FailedRun(**event), _s3, _logs)
