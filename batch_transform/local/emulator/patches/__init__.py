"""What the emulator does otherwise than AWS, made right: each module has one subject, and README.md says why.

`plug_in` puts all of it in place. Alarms and schedules have settings, and are plugged in by `serve`.
"""

from __future__ import annotations

from batch_transform.local.emulator.patches import (
    buckets,
    dead_letters,
    exports,
    lambda_errors,
    lambda_workers,
    log_reads,
    metrics,
    pages,
    schedule_requests,
)
from batch_transform.local.emulator.patches.interpreter import (
    branches,
    checked_definitions,
    executions,
    fields,
    services,
)

_PATCHES = (
    buckets,
    exports,
    fields,
    branches,
    services,
    executions,
    checked_definitions,
    dead_letters,
    schedule_requests,
    pages,
    log_reads,
    metrics,
    lambda_errors,
    lambda_workers,
)


def plug_in() -> None:
    """Put every patch in place, before IAM is enforced: that asks before what happens here."""
    for patch in _PATCHES:
        patch.plug_in()
