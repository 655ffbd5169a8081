"""The second and later pages of lists of which the emulator returns only the first.

Page sizes are those of the API references of EventBridge Scheduler and KMS.
"""

from __future__ import annotations

import json

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator import operations
from batch_transform.local.emulator.operations import HttpAnswer, Operation, Request, Serve
from batch_transform.local.sagemaker.listing import cut

_EVERYTHING = 2**31 - 1
_PAGE_SIZE = 100


def plug_in() -> None:
    """Replace the lists that end too early."""
    operations.answer(
        "scheduler",
        {
            "ListSchedules": _of_scheduler("Schedules"),
            "ListScheduleGroups": _of_scheduler("ScheduleGroups"),
        },
    )
    operations.answer("kms", {"ListKeys": _list_keys})


def _of_scheduler(member: str) -> Operation:
    async def listed(query: Request, serve: Serve) -> HttpAnswer:
        status, headers, body = await serve({**query, "MaxResults": _EVERYTHING})
        try:
            answer = cut(member, json.loads(body)[member], query, default=_PAGE_SIZE)
        except RefusedRequestError as error:
            return operations.refusal(error.code, error.message)
        return status, headers, json.dumps(answer).encode()

    return listed


async def _list_keys(request: Request, serve: Serve) -> HttpAnswer:
    status, headers, body = await serve({**request, "Limit": _EVERYTHING})
    asked = {"NextToken": request.get("Marker"), "MaxResults": request.get("Limit", _PAGE_SIZE)}
    try:
        answer = cut("Keys", json.loads(body)["Keys"], asked, default=_PAGE_SIZE)
    except RefusedRequestError as error:
        return operations.refusal("InvalidMarkerException", error.message)
    marker = answer.pop("NextToken", None)
    answer |= {"Truncated": False} if marker is None else {"Truncated": True, "NextMarker": marker}
    return status, headers, json.dumps(answer).encode()
