"""The place of a thread of the interpreter: its execution, its state, and the event that the next one follows.

Each branch of a Parallel state and each item of a Map has its own thread and its own place.
"""

from __future__ import annotations

import json
import threading
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

RUNTIME = "States.Runtime"
LIMIT_EXCEEDED = "States.DataLimitExceeded"
MOST_BYTES = 262_144
"""The largest input or output of a task, state or execution (Step Functions service quotas)."""


@dataclass
class Group:
    """Branches or items that run at the same time. As on AWS, the first that fails ends them all."""

    error: Exception | None = None
    last: int = 0
    """The last event of the branch or item that ended last."""
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Trial:
    """A state by itself, as TestState runs it: what stands in for its task, and what is learned on the way.

    `result` or `error`, an error's name and cause, is what its task, branches or items end with; with neither, the
    task is called. `retries` is how often its retrier has already made it try again.
    """

    result: Any = None
    error: tuple[str, str | None] | None = None
    is_mocked: bool = False
    has_own_context: bool = False
    retries: int = 0
    noted: dict[str, Any] = field(default_factory=dict)
    """InspectionData of the API, with its values as they are."""
    evaluated: set[str] = field(default_factory=set)
    """The fields whose expressions were evaluated."""
    caught: tuple[str, str | None] | None = None
    is_retriable: bool = False

    def mocked(self) -> Any:  # noqa: ANN401  # any JSON value
        """Return the mocked result. Raises the interpreter's error for a mocked error."""
        if self.error is not None:
            raise stepfunctions._ExecutionError(*self.error)
        return self.result

    def note_error(self, **details: int) -> None:
        """Keep what handled an error: ErrorDetails of the API."""
        self.noted.setdefault("errorDetails", {}).update(details)


@dataclass
class Place:
    """One sequence of states: an execution's own, a branch's, or an item's."""

    execution: dict[str, Any]
    previous: int = 0
    """The event that the next one follows; 0 before the first state (recorded runs)."""
    group: Group | None = None
    outer: Place | None = None
    state: str = ""
    entered: int = 0
    """The event of entering the state."""
    started: bool = False
    """Whether the state has started its branches or items."""
    ended: int = 0
    """The event of the item's success. Only the end of the Map follows it."""
    map_run: str = ""
    """The Map Run that has its start in the history."""
    context: dict[str, Any] = field(default_factory=dict)
    trial: Trial | None = None

    @property
    def is_over(self) -> bool:
        """Whether the execution has ended, or the branches around this place have."""
        if self.execution["status"] != "RUNNING" or (self.group is not None and self.group.error is not None):
            return True
        return self.outer is not None and self.outer.is_over


place: ContextVar[Place | None] = ContextVar("place", default=None)


def current_trial() -> Trial | None:
    """Return the trial that this thread runs, or None in an execution."""
    here = place.get()
    return here.trial if here else None


def note(**values: object) -> None:
    """Keep values for TestState's InspectionData. In an execution, nothing is kept."""
    trial = current_trial()
    if trial is not None:
        trial.noted.update(values)


def failure(error: str, text: str) -> Exception:
    """Return the interpreter's error, with AWS's words for the state before the text. TestState has no state."""
    here = place.get()
    if here is not None and here.state:
        text = (
            f"An error occurred while executing the state '{here.state}' (entered at the event id "
            f"#{here.entered}). {text}"
        )
    found: Exception = stepfunctions._ExecutionError(error, text)
    return found


def check_size(value: object, name: str) -> None:
    """Raise the interpreter's error if a result is too large (`test_start_large_input`)."""
    if len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()) > MOST_BYTES:
        raise stepfunctions._ExecutionError(
            LIMIT_EXCEEDED,
            f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service "
            "limit.",
        )


def end_aborted() -> NoReturn:
    """End a thread whose place is over, without Retry or Catch.

    SystemExit ends a thread silently, unlike its subclasses, and nothing in the interpreter catches it.
    """
    raise SystemExit
