"""Filtering, sorting and pagination of lists."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from batch_transform.job.errors import RefusedRequestError

DEFAULT_PAGE = 10
"""The default of MaxResults (API reference, ListTransformJobs)."""

_BOUNDS = {
    "CreationTimeAfter": ("CreationTime", False),
    "CreationTimeBefore": ("CreationTime", True),
    "LastModifiedTimeAfter": ("LastModifiedTime", False),
    "LastModifiedTimeBefore": ("LastModifiedTime", True),
}


def page(
    member: str, name: str, summaries: list[dict[str, Any]], request: Mapping[str, Any]
) -> dict[str, Any]:
    """Return one page: `{member: [...], "NextToken": ...}`. `name` is the summaries' member that holds the name.

    The newest come first by default (API reference). The token is the number of summaries on earlier pages.
    """
    matching = [summary for summary in summaries if _matches(summary, name, request)]
    key = {"Name": name, "Status": "TransformJobStatus"}.get(request.get("SortBy", ""), "CreationTime")
    ascending = request.get("SortOrder", "Descending") == "Ascending"
    matching.sort(key=lambda summary: (summary[key], summary[name]), reverse=not ascending)
    return cut(member, matching, request, default=DEFAULT_PAGE)


def cut(
    member: str, everything: list[dict[str, Any]], request: Mapping[str, Any], *, default: int
) -> dict[str, Any]:
    """Return the page of a list that the request asks for. `default` is the page size unless it sets MaxResults."""
    start = _start(request.get("NextToken"))
    end = start + int(request.get("MaxResults", default))
    answer: dict[str, Any] = {member: everything[start:end]}
    if end < len(everything):
        answer["NextToken"] = base64.urlsafe_b64encode(str(end).encode()).decode()
    return answer


def _matches(summary: Mapping[str, Any], name: str, request: Mapping[str, Any]) -> bool:
    if request.get("NameContains", "").lower() not in summary[name].lower():
        return False
    if "StatusEquals" in request and summary["TransformJobStatus"] != request["StatusEquals"]:
        return False
    for bound, (time, is_upper) in _BOUNDS.items():
        if bound in request and (summary[time] < request[bound]) != is_upper:
            return False
    return True


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode())
    except (ValueError, binascii.Error) as error:
        raise RefusedRequestError("ValidationException", f"NextToken {token} is not one of ours") from error
