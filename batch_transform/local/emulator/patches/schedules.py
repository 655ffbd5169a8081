"""Starts the schedules of EventBridge Scheduler on time, in their time zone, and twice if the user says so.

The emulator keeps them, but reads cron expressions only in UTC. Its thread calls this module instead.
"""

from __future__ import annotations

import secrets
import time as clock
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ministack.core import responses  # type: ignore[import-untyped]  # it has no types
from ministack.services import eventbridge, scheduler  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.schedule_times import Clock, Times, times_of

TICK_SECONDS = 0.5
"""How often schedules are checked. The emulator does it every 10 seconds."""

# A schedule that is older than this when it is first seen is from before this local AWS was started.
_NEW = timedelta(seconds=10)

_Key = tuple[str, str, str]  # account, region, group/name


@dataclass
class _Watched:
    """A schedule as it was last created or changed, its clock, and its next start by that clock."""

    changed: float
    times: Times
    clock: Clock
    due: datetime | None


@dataclass(frozen=True)
class _Duplicate:
    """A start that is delivered again at a moment of the monotonic clock."""

    at: float
    key: _Key
    schedule: Mapping[str, Any]
    attributes: Mapping[str, str]


class Ticker:
    """Starts what is due. `scale` shortens the time from when a schedule is created or changed to its starts.

    `duplicate_after` returns after how many seconds each start is delivered again, as the Scheduler, which delivers at
    least once, may do; None if it isn't.
    """

    def __init__(self, scale: float, duplicate_after: Callable[[], float | None]) -> None:
        self._scale = scale
        self._duplicate_after = duplicate_after
        self._watched: dict[_Key, _Watched] = {}
        self._duplicates: list[_Duplicate] = []

    def __call__(self) -> None:
        """Check all schedules once."""
        due = [one for one in self._duplicates if one.at <= clock.monotonic()]
        self._duplicates = [one for one in self._duplicates if one not in due]
        for one in due:
            _deliver(one.key, one.schedule, one.attributes)
        schedules = scheduler._schedules._data
        now = datetime.now(UTC)
        for key in [key for key in self._watched if key not in schedules]:
            del self._watched[key]
        for key, schedule in list(schedules.items()):
            self._look(key, schedule, now)

    def _look(self, key: _Key, schedule: Mapping[str, Any], now: datetime) -> None:
        watched = self._watched.get(key)
        if watched is None or watched.changed != schedule["LastModificationDate"]:
            watched = self._watched[key] = _watch(schedule, now, self._scale)
        if schedule["State"] != "ENABLED":
            return
        time = watched.clock.time(now)
        if watched.due is not None and watched.due <= time:
            attributes = _attributes(schedule, watched.due)
            watched.due = watched.times.following(time, made=watched.clock.made)
            _deliver(key, schedule, attributes)
            if (seconds := self._duplicate_after()) is not None:
                again = _Duplicate(clock.monotonic() + seconds, key, dict(schedule), attributes)
                self._duplicates.append(again)
        if watched.due is None and schedule["ActionAfterCompletion"] == "DELETE":
            scheduler._schedules._data.pop(key, None)


def _watch(schedule: Mapping[str, Any], now: datetime, scale: float) -> _Watched:
    times = times_of(schedule)
    changed = datetime.fromtimestamp(schedule["LastModificationDate"], UTC)
    is_new = now - changed < _NEW or times.is_once
    due = times.first(changed) if is_new else times.following(now, made=changed)
    return _Watched(schedule["LastModificationDate"], times, Clock(changed if is_new else now, scale), due)


def _attributes(schedule: Mapping[str, Any], due: datetime) -> dict[str, str]:
    """Return what replaces the context attributes in an input (User Guide, "Adding context attributes")."""
    return {
        "<aws.scheduler.schedule-arn>": str(schedule["Arn"]),
        "<aws.scheduler.scheduled-time>": f"{due:%Y-%m-%dT%H:%M:%SZ}",
        "<aws.scheduler.execution-id>": secrets.token_hex(8),
        "<aws.scheduler.attempt-number>": "1",
    }


def _deliver(key: _Key, schedule: Mapping[str, Any], attributes: Mapping[str, str]) -> None:
    account, region, _ = key
    event = {
        "EventId": str(uuid.uuid4()),
        "Source": "aws.scheduler",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "Time": datetime.now(UTC).timestamp(),
        "Resources": [schedule["Arn"]],
        "Account": account,
        "Region": region,
    }
    target = dict(schedule["Target"])
    for name, value in attributes.items():
        if isinstance(given := target.get("Input"), str):
            target["Input"] = given.replace(name, value)
    with responses.request_scope(account, region):
        eventbridge._invoke_target(target, event, schedule)


def plug_in(scale: float | None, duplicate_after: Callable[[], float | None]) -> None:
    """Replace the emulator's check of its schedules. Its thread reads both names before each pause.

    Without a scale, nothing is started.
    """
    scheduler._SCHEDULE_TICK_INTERVAL = TICK_SECONDS
    scheduler._tick_schedules = _start_nothing if scale is None else Ticker(scale, duplicate_after)


def _start_nothing() -> None:
    pass
