"""What EventBridge Scheduler refuses, and AWS::Scheduler::Schedule for the emulator's CloudFormation.

The emulator's own resource forgets time zone and dates, and takes whatever the Scheduler says of the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ministack.services import scheduler  # type: ignore[import-untyped]  # it has no types
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.service import HttpAnswer
from batch_transform.local.schedule_times import moment, times_of

TYPE = "AWS::Scheduler::Schedule"
_LONGEST_NAME = 64
# Recorded in github.com/getmoto/moto, pull request 8172.
_EARLIEST_START = timedelta(minutes=5)

Properties = Mapping[str, Any]
Created = tuple[str, dict[str, str]]


def plug_in() -> None:
    """Refuse what AWS refuses, and take the place of the emulator's resource."""
    for operation in ("_create_schedule", "_update_schedule"):
        setattr(scheduler, operation, _checked(getattr(scheduler, operation)))
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": _create, "update": _update, "delete": _delete}
    provisioners._REPLACING_PROPERTIES[TYPE] = ("Name", "GroupName")


def _checked(call: Callable[[str, Properties], HttpAnswer]) -> Callable[[str, Properties], HttpAnswer]:
    def checked(name: str, body: Properties) -> HttpAnswer:
        problem = _problem(body)
        if problem is None:
            return call(name, body)
        refusal: HttpAnswer = scheduler._error(400, "ValidationException", problem)
        return refusal

    return checked


def _problem(body: Properties) -> str | None:
    expression = body.get("ScheduleExpression")
    if not expression:
        return None  # the emulator says so
    try:
        times_of(body)
    except ValueError as error:
        return str(error)
    begins = moment(body.get("StartDate"))
    if begins is not None and begins < datetime.now(UTC) - _EARLIEST_START:
        return "The StartDate you specify cannot be earlier than 5 minutes ago."
    return None


def _create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    name = properties.get("Name") or provisioners._physical_name(
        stack_name, logical_id, max_len=_LONGEST_NAME
    )
    _require(scheduler._create_schedule(name, _body(properties)))
    return name, _attributes(name, properties)


def _update(name: str, old: Properties, new: Properties, stack_name: str) -> Created:
    """Change the schedule in place; the emulator replaces it when its name or its group changes."""
    del old, stack_name
    _require(scheduler._update_schedule(name, _body(new)))
    return name, _attributes(name, new)


def _delete(name: str, properties: Properties) -> None:
    """Delete the schedule; one that is gone already is fine, as in CloudFormation."""
    scheduler._schedules.pop(f"{properties.get('GroupName', 'default')}/{name}", None)


def _body(properties: Properties) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name != "Name"}


def _attributes(name: str, properties: Properties) -> dict[str, str]:
    return {"Arn": scheduler._schedule_arn(properties.get("GroupName", "default"), name)}


def _require(response: HttpAnswer) -> None:
    status, _, body = response
    if status >= 400:
        told = json.loads(body)
        # the emulator makes a failed resource of any ValueError, with its text as the reason
        raise ValueError(
            f"{told['Message']} (Service: Scheduler, Status Code: {status}, Error: {told['__type']})"
        )
