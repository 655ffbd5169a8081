"""The functions' boto3 clients: their retries fit into a function's time, and boto3 knows what the functions send.

Lambda's runtime brings its own boto3, and a function that sends a member which that release doesn't know would fail in
the middle of a run. So it is asked when the function starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config

from batch_transform.job.errors import Boto3TooOldError

_new_client: Any = boto3.client  # the stubs have an overload for each service's name

_ATTEMPTS = 4
_CONNECT_SECONDS = 5
_READ_SECONDS = 20
_CONFIG = Config(
    connect_timeout=_CONNECT_SECONDS,
    read_timeout=_READ_SECONDS,
    # `standard` waits up to 1, 2 and 4 seconds before its retries, and knows all errors that throttle.
    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
)

LONGEST_CALL_SECONDS = _ATTEMPTS * (_CONNECT_SECONDS + _READ_SECONDS) + 7 + 3
"""How long one call may take with its retries, and some time for parsing and signing."""


def aws_client(service: str, **members: Sequence[str]) -> Any:
    """Return boto3's client for a service. `members` names members of requests, by operation: `PutObject=["IfMatch"]`.

    Raises Boto3TooOldError for a boto3 that doesn't know one of them.
    """
    client = _new_client(service, config=_CONFIG)
    model = client.meta.service_model
    unknown = [
        f"{operation}.{member}"
        for operation, names in members.items()
        for member in names
        if operation not in model.operation_names
        or member not in model.operation_model(operation).input_shape.members
    ]
    if unknown:
        raise Boto3TooOldError(
            f"boto3 {boto3.__version__} of this Lambda runtime doesn't know {', '.join(unknown)} of {service}; the "
            f"functions need {OLDEST_BOTO3} or newer: use the runtime that the stack declares, at its newest version "
            "(runtime management, Auto), and remove layers with another boto3"
        )
    return client


OLDEST_BOTO3 = "1.35.69"
"""The first release with every member that the functions send: If-Match of PutObject, of November 2024."""
