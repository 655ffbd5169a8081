"""Makes the emulator answer as AWS does. Each module has one subject; README.md has the reason for each.

`plug_in` plugs in all but alarms and schedules, which have settings: `serve` plugs these in.
"""

from __future__ import annotations

from batch_transform.local.emulator.patches import (
    buckets,
    content_types,
    dead_letters,
    exports,
    images,
    lambda_concurrency,
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
    single_state,
)

_PATCHES = (
    content_types,
    buckets,
    exports,
    fields,
    branches,
    services,
    executions,
    checked_definitions,
    single_state,
    dead_letters,
    schedule_requests,
    pages,
    images,
    log_reads,
    metrics,
    lambda_errors,
    lambda_workers,
    lambda_concurrency,
)


def plug_in() -> None:
    """Plug in every patch. Do this before `enforcement`, whose checks come first in each call."""
    for patch in _PATCHES:
        patch.plug_in()
