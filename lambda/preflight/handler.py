"""Checks a run before the workflow creates a transform job; see `preflight` for what it checks."""

from __future__ import annotations

from typing import Any

import boto3

from preflight import Run, checked_request

_s3 = boto3.client("s3")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the run's CreateTransformJob request, or fail with all that is wrong with it."""
    return checked_request(Run(**event), _s3, lambda: boto3.client("sagemaker"))
