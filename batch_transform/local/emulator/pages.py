"""Lists that the emulator cuts off at their first page: the next ones, by token, as AWS gives them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import kms, scheduler  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator.service import HttpAnswer
from batch_transform.local.sagemaker.listing import cut

Request = Mapping[str, Any]
List = Callable[[Request], HttpAnswer]

_EVERYTHING = 2**31 - 1
_A_PAGE = 100  # unless told: API references of EventBridge Scheduler and KMS


def plug_in() -> None:
    """Put the whole lists in the place of those that end too early."""
    scheduler._list_schedules = _of_scheduler(scheduler._list_schedules, "Schedules")
    scheduler._list_schedule_groups = _of_scheduler(scheduler._list_schedule_groups, "ScheduleGroups")
    kms._list_keys = _of_keys(kms._list_keys)


def _of_scheduler(listed: List, member: str) -> List:
    def page(query: Request) -> HttpAnswer:
        status, headers, body = listed({**query, "MaxResults": _EVERYTHING})
        try:
            answer = cut(member, json.loads(body)[member], query, default=_A_PAGE)
        except RefusedRequestError as error:
            refusal: HttpAnswer = scheduler._error(400, error.code, error.message)
            return refusal
        return status, headers, json.dumps(answer).encode()

    return page


def _of_keys(listed: List) -> List:
    def page(data: Request) -> HttpAnswer:
        status, headers, body = listed({**data, "Limit": _EVERYTHING})
        asked = {"NextToken": data.get("Marker"), "MaxResults": data.get("Limit", _A_PAGE)}
        try:
            answer = cut("Keys", json.loads(body)["Keys"], asked, default=_A_PAGE)
        except RefusedRequestError as error:
            refusal = {"__type": "InvalidMarkerException", "message": error.message}
            return 400, headers, json.dumps(refusal).encode()
        marker = answer.pop("NextToken", None)
        answer |= {"Truncated": False} if marker is None else {"Truncated": True, "NextMarker": marker}
        return status, headers, json.dumps(answer).encode()

    return page
