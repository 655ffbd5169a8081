"""Replaces operations of the emulator's services, with one wrapper for each service."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from ministack import app  # type: ignore[import-untyped]  # it has no types

HttpAnswer: TypeAlias = tuple[int, dict[str, str], bytes]
Request: TypeAlias = dict[str, Any]
Serve: TypeAlias = Callable[[Request], Awaitable[HttpAnswer]]
"""Passes a request to the emulator. It may differ from the original one."""
Operation: TypeAlias = Callable[[Request, Serve], Awaitable[HttpAnswer]]

_ROUTES = {
    ("POST", "schedules"): "CreateSchedule",
    ("PUT", "schedules"): "UpdateSchedule",
    ("GET", "schedules"): "ListSchedules",
    ("GET", "schedule-groups"): "ListScheduleGroups",
}
"""EventBridge Scheduler names its operations by method and path, the others in a header."""


def answer(service: str, operations: Mapping[str, Operation]) -> None:
    """Answer these operations of a service with the given functions. The emulator answers the others.

    A function gets the members of the request: of its JSON body, or of its query if the method is GET.
    """
    handler = app.SERVICE_HANDLERS[service]

    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
    ) -> HttpAnswer:
        operation = operations.get(_name(method, path, headers))
        request = _members(method, body, query_params) if operation else None

        async def serve(changed: Request) -> HttpAnswer:
            content, query = body, query_params
            if changed is not request:
                content, query = (body, changed) if method == "GET" else (json.dumps(changed).encode(), query)
            served: HttpAnswer = await handler(method, path, headers, content, query)
            return served

        if operation is None or request is None:
            emulators: HttpAnswer = await handler(method, path, headers, body, query_params)
            return emulators
        return await operation(request, serve)

    app.SERVICE_HANDLERS[service] = handle


def refusal(code: str, message: str, status: int = 400) -> HttpAnswer:
    """Return an error of a JSON protocol. Services write `message` or `Message`; SDKs read the one that they expect."""
    body = json.dumps({"__type": code, "message": message, "Message": message}).encode()
    return status, {"Content-Type": "application/x-amz-json-1.0", "x-amzn-errortype": code}, body


def _name(method: str, path: str, headers: Mapping[str, str]) -> str:
    if target := headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    kind, _, name = path.strip("/").partition("/")
    return _ROUTES.get((method, kind), "") if bool(name) is (method != "GET") else ""


def _members(method: str, body: bytes, query_params: Mapping[str, Any]) -> Request | None:
    """Return the members of a request, or None if the body isn't a JSON object; the emulator refuses that."""
    if method == "GET":
        return {name: value[0] if isinstance(value, list) else value for name, value in query_params.items()}
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return None
    return request if isinstance(request, dict) else None
