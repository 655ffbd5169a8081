"""All of the interpreter's parts at once."""

from __future__ import annotations

from batch_transform.local.emulator.interpreter import (
    branches,
    checked_definitions,
    choice,
    executions,
    fields,
    history,
    intrinsics,
    retry,
    services,
    task,
    wait,
)


def plug_in() -> None:
    """Replace them; what wraps a replaced part is plugged in afterwards."""
    for part in (
        fields,
        intrinsics,
        choice,
        wait,
        history,
        retry,
        branches,
        task,
        services,
        executions,
        checked_definitions,
    ):
        part.plug_in()
