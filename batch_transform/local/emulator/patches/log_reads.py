"""Reads logs: FilterLogEvents, and the pages of DescribeLogStreams and DescribeLogGroups.

API reference of CloudWatch Logs. Texts of refusals are from LocalStack's `test_filter_log_events_limit_validation`,
`test_filter_log_events_unknown_token` and `test_describe_log_streams_with_log_group_identifier`.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ministack.core.responses import json_response  # type: ignore[import-untyped]  # it has no types
from ministack.services import cloudwatch_logs  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.cloudwatch.filter_pattern import FilterPatternError, compiled
from batch_transform.local.emulator import operations
from batch_transform.local.emulator.operations import HttpAnswer, Operation, Request, Serve

MOST_EVENTS = 10_000
MOST_BYTES = 1_048_576
"""A page of events holds up to 1 MB (API reference, FilterLogEvents)."""

_Key = tuple[int, str, int]
"""The timestamp of an event, its stream, and its number among the events of that timestamp."""
_NO_SUCH_PAGE = "The specified nextToken is invalid."
_MEMBERS = ("timestamp", "message", "ingestionTime", "eventId")


class _RefusedError(Exception):
    def __init__(self, message: str, code: str = "InvalidParameterException") -> None:
        super().__init__(message)
        self.code = code


def plug_in() -> None:
    """Replace the operations, and how subscription filters match."""
    operations.answer(
        "logs",
        {
            "FilterLogEvents": _or_refused(_filter),
            "DescribeLogStreams": _or_refused(_describe_streams),
            "DescribeLogGroups": _or_refused(_describe_page),
        },
    )
    cloudwatch_logs._subscription_pattern_matches = _matches


def _or_refused(operation: Operation) -> Operation:
    async def answered(request: Request, serve: Serve) -> HttpAnswer:
        try:
            return await operation(request, serve)
        except _RefusedError as error:
            return operations.refusal(error.code, str(error))

    return answered


async def _filter(request: Request, _serve: Serve) -> HttpAnswer:
    answer: HttpAnswer = json_response(_filter_log_events(request))
    return answer


def _matches(pattern: str, message: str) -> bool:
    try:
        return compiled(pattern or "")(message or "")
    except FilterPatternError:  # the filter was created before patterns were checked
        return False


def _filter_log_events(data: Request) -> dict[str, Any]:
    limit = _limit(data, MOST_EVENTS)
    if data.get("logStreamNames") and data.get("logStreamNamePrefix"):
        raise _RefusedError("logStreamNames and logStreamNamePrefix are mutually exclusive.")
    try:
        matches = compiled(data.get("filterPattern") or "")
    except FilterPatternError as error:
        raise _RefusedError(f"Invalid filter pattern: {error}") from error
    backwards = data.get("startFromHead") is False
    digest = _digest(data)
    found = (
        each
        for each in _events(data, _position(data, digest), backwards=backwards)
        if matches(each[1]["message"])
    )
    page: list[dict[str, Any]] = []
    size, last = 0, None
    for key, event in islice(found, limit + 1):
        size += len(event["message"].encode())
        if len(page) == limit or (page and size > MOST_BYTES):
            return {"events": page, "searchedLogStreams": [], "nextToken": _token(digest, last)}
        members = {name: event[name] for name in _MEMBERS if name in event}
        page.append({"eventId": _event_id(key), **members, "logStreamName": key[1]})
        last = key
    return {"events": page, "searchedLogStreams": []}


def _events(data: Request, after: _Key | None, *, backwards: bool) -> Iterator[tuple[_Key, dict[str, Any]]]:
    """Yield the events of the requested streams, by time, starting after `after`."""
    name = _group_name(data)
    group = cloudwatch_logs._log_groups.get(name)
    if group is None:
        raise _RefusedError(f"The specified log group does not exist: {name}", "ResourceNotFoundException")
    names, prefix = data.get("logStreamNames"), data.get("logStreamNamePrefix") or ""
    if any(stream not in group["streams"] for stream in names or ()):
        raise _RefusedError("The specified log stream does not exist.", "ResourceNotFoundException")
    start, end = data.get("startTime"), data.get("endTime")
    if after is not None and not backwards:
        start = after[0]
    elif after is not None:
        end = after[0]
    parts = []
    for stream, record in list(group["streams"].items()):
        if stream in names if names else stream.startswith(prefix):
            part = list(_stream_events(stream, record, start, end))
            parts.append(reversed(part) if backwards else iter(part))
    merged = heapq.merge(*parts, key=_first, reverse=backwards)
    for key, event in merged:
        if after is None or (key < after if backwards else key > after):
            yield key, event


def _event_id(key: _Key) -> str:
    """Return an id for an event to which the emulator gives none."""
    return str(int(hashlib.sha256(json.dumps(key).encode()).hexdigest(), 16))[:56]


def _first(each: tuple[_Key, dict[str, Any]]) -> _Key:
    return each[0]


def _stream_events(
    stream: str, record: Mapping[str, Any], start: int | None, end: int | None
) -> Iterator[tuple[_Key, dict[str, Any]]]:
    history = list(record["events"])
    moments = [event["timestamp"] for event in history]
    low = 0 if start is None else bisect_left(moments, start)
    high = len(moments) if end is None else bisect_right(moments, end)
    number, moment = 0, None
    for event in history[low:high]:
        number = number + 1 if event["timestamp"] == moment else 0
        moment = event["timestamp"]
        yield (moment, stream, number), event


def _digest(data: Request) -> str:
    """Return a digest of the request: a token belongs to requests with the same one."""
    asked = {name: value for name, value in data.items() if name not in ("nextToken", "limit")}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def _token(digest: str, last: _Key | None) -> str:
    return base64.urlsafe_b64encode(json.dumps([digest, last]).encode()).decode()


def _position(data: Request, digest: str) -> _Key | None:
    if not data.get("nextToken"):
        return None
    try:
        of, (moment, stream, number) = json.loads(base64.urlsafe_b64decode(data["nextToken"]))
    except (ValueError, TypeError) as error:
        raise _RefusedError(_NO_SUCH_PAGE) from error
    if of != digest:
        raise _RefusedError(_NO_SUCH_PAGE)
    return int(moment), str(stream), int(number)


def _limit(data: Request, most: int) -> int:
    limit = data.get("limit", most)
    for is_wrong, bound in (
        (limit > most, f"less than or equal to {most}"),
        (limit < 1, "greater than or equal to 1"),
    ):
        if is_wrong:
            raise _RefusedError(
                f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must "
                f"have value {bound}"
            )
    return int(limit)


async def _describe_page(request: Request, serve: Serve) -> HttpAnswer:
    """Refuse the limits and tokens that CloudWatch Logs refuses. For an unknown token, the emulator starts over."""
    _limit(request, 50)
    token = request.get("nextToken")
    if token and cloudwatch_logs._encode_token(cloudwatch_logs._decode_token(token)) != token:
        raise _RefusedError(_NO_SUCH_PAGE)
    return await serve(request)


async def _describe_streams(request: Request, serve: Serve) -> HttpAnswer:
    if request.get("logGroupName") and request.get("logGroupIdentifier"):
        raise _RefusedError(
            "LogGroup name and LogGroup ARN are mutually exclusive parameters.", "ValidationException"
        )
    if request.get("orderBy") == "LastEventTime" and request.get("logStreamNamePrefix"):
        raise _RefusedError("Cannot order by LastEventTime with a logStreamNamePrefix.")
    return await _describe_page({**request, "logGroupName": _group_name(request)}, serve)


def _group_name(request: Request) -> str:
    """Return the name of the log group, which a request may give as a name or as an ARN."""
    identifier = str(request.get("logGroupName") or request.get("logGroupIdentifier") or "")
    return identifier.partition(":log-group:")[2].removesuffix(":*") or identifier
