"""Refuses what EventBridge Scheduler refuses, and replaces AWS::Scheduler::Schedule.

The emulator's resource type ignores the time zone, the dates and the errors of the Scheduler.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ministack.services import scheduler  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator import operations, resources
from batch_transform.local.emulator.operations import HttpAnswer, Request, Serve
from batch_transform.local.emulator.resources import Created, Properties
from batch_transform.local.emulator.sagemaker_service import current_scope
from batch_transform.local.schedule_times import moment, times_of

TYPE = "AWS::Scheduler::Schedule"
_LONGEST_NAME = 64
# Recorded in github.com/getmoto/moto, pull request 8172.
_EARLIEST_START = timedelta(minutes=5)


def plug_in() -> None:
    """Refuse what AWS refuses, and replace the emulator's resource type."""
    operations.answer("scheduler", {"CreateSchedule": _checked, "UpdateSchedule": _checked})
    resources.register(TYPE, create=_create, update=_update, delete=_delete, replacing=("Name", "GroupName"))


async def _checked(request: Request, serve: Serve) -> HttpAnswer:
    problem = _problem(request)
    return operations.refusal("ValidationException", problem) if problem else await serve(request)


def _problem(body: Properties) -> str | None:
    expression = body.get("ScheduleExpression")
    if not expression:
        return None  # the emulator refuses it
    try:
        times_of(body)
    except ValueError as error:
        return str(error)
    begins = moment(body.get("StartDate"))
    if begins is not None and begins < datetime.now(UTC) - _EARLIEST_START:
        return "The StartDate you specify cannot be earlier than 5 minutes ago."
    return None


def _create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    name = properties.get("Name") or resources.physical_name(stack_name, logical_id, _LONGEST_NAME)
    _call(scheduler._create_schedule, name, properties)
    return name, _attributes(name, properties)


def _update(name: str, old: Properties, new: Properties, stack_name: str) -> Created:
    """Change the schedule. The emulator replaces it if its name or its group changes."""
    del old, stack_name
    _call(scheduler._update_schedule, name, new)
    return name, _attributes(name, new)


def _delete(name: str, properties: Properties) -> None:
    """Delete the schedule. As in CloudFormation, it may already be gone."""
    scheduler._schedules.pop(f"{properties.get('GroupName', 'default')}/{name}", None)


def _attributes(name: str, properties: Properties) -> dict[str, str]:
    scope, group = current_scope(), properties.get("GroupName", "default")
    return {"Arn": f"arn:{scope.partition}:scheduler:{scope.region}:{scope.account}:schedule/{group}/{name}"}


def _call(operation: Callable[[str, Properties], HttpAnswer], name: str, properties: Properties) -> None:
    refused = _problem(properties)
    if refused is None:
        body = {member: value for member, value in properties.items() if member != "Name"}
        status, _, answer = operation(name, body)
        if status < 400:
            return
        refusal = json.loads(answer)
    else:
        status, refusal = 400, {"__type": "ValidationException", "Message": refused}
    # a ValueError fails the resource, with its text as the reason
    raise ValueError(
        f"{refusal['Message']} (Service: Scheduler, Status Code: {status}, Error: {refusal['__type']})"
    )
