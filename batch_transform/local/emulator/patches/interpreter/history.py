"""The events of an execution's history, and which event each one follows.

The order is from recorded runs: the first state follows event 0, and the events that say that a Parallel,
a Map or an item has succeeded are followed by nothing (`test_parallel_state`, `test_map_state_nested`,
`test_stop_execution`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import now_iso  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter.place import (
    MOST_BYTES,
    check_size,
    end_aborted,
    place,
)

Execution = dict[str, Any]

_NOT_FOLLOWED = (
    "ParallelStateSucceeded",
    "MapStateSucceeded",
    "MapIterationSucceeded",
    "MapIterationFailed",
)
_lock = threading.RLock()


def complete_first_event(execution: Execution) -> None:
    """Complete the first event, which the emulator writes by itself."""
    first = execution["events"][0]
    first.update(_whole(first), previousEventId=0)


def add_event(
    execution: Execution, event_type: str, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Add an event to the history. If the place is over, the thread ends instead."""
    if event_type.endswith("StateExited") and details:
        exited = details["stateExitedEventDetails"]
        if len(exited["output"]) > MOST_BYTES:  # it may be smaller without spaces and escapes
            check_size(json.loads(exited["output"]), exited["name"])
    here = place.get()
    own = here if here is not None and here.execution is execution else None
    with _lock:
        over = own.is_over if own else execution["status"] != "RUNNING"
        if over and not event_type.startswith("Execution"):
            end_aborted()
        event = {
            "id": len(execution["events"]) + 1,
            "previousEventId": own.previous if own else 0,
            "type": event_type,
            "timestamp": now_iso(),
            **_whole(details or {}),
        }
        execution["events"].append(event)
    if own and event_type not in _NOT_FOLLOWED:
        own.previous = event["id"]
    if own and event_type.endswith("StateEntered"):
        own.state, own.entered = event["stateEnteredEventDetails"]["name"], event["id"]
        own.started = False
    return event


def add_task_event(execution: Execution, kind: str, what: str, **details: object) -> None:
    """Add an event of a task. `kind` is Task, LambdaFunction or Activity. Details without a value are omitted."""
    name = f"{kind[0].lower()}{kind[1:]}{what}EventDetails"
    add_event(execution, f"{kind}{what}", {name: details} if details else None)


def _whole(event: Mapping[str, Any]) -> dict[str, Any]:
    """Omit details without a value, and mark each input and output as not truncated."""
    result = dict(event)
    for name, value in event.items():
        if name.endswith("EventDetails"):
            kept = {key: each for key, each in value.items() if each is not None and each != ""}
            flags = {f"{key}Details": {"truncated": False} for key in ("input", "output") if key in kept}
            result[name] = {**kept, **flags}
    return result
