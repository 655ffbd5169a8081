"""Decides whose calls the local AWS answers: programs on this machine, but not web pages.

Its Lambda runs code, so a web page that the user visits must not reach it. A browser sends the page's origin with most
requests. With the others it sends the host name it is calling, and an attacker can point a name to 127.0.0.1 (DNS
rebinding).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOCALHOST = "localhost"
ACCEPTED = "127.0.0.1, localhost, names that end in .localhost or .127.0.0.1, and [::1], with any port"

_PREFIXED = re.compile(r"(?:[a-z0-9.-]+\.|sync-|stream-|data-)(?P<host>localhost|127\.0\.0\.1)")
"""What clients put before the host: a bucket, a service, or an operation's host prefix in botocore's models.

StartSyncExecution has `sync-`, StartLiveTail `stream-`, DiscoverInstances `data-`. Nobody can own such a name: a name
that ends in a number is not a domain, and `sync-localhost` has no dot.
"""
_HOST = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::\d*)?")


def refusal(scope: Scope) -> str | None:
    """Return why a request (an ASGI scope) is refused, or None."""
    if any(name == b"origin" for name, _ in scope["headers"]):
        return "the local AWS does not accept requests from web pages (this one has an Origin header)"
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if hosts and all(map(is_local, hosts)):
        return None
    found = f"the host {', '.join(hosts)!r}" if hosts else "no Host header"
    return f"the local AWS accepts requests to {ACCEPTED}; this one has {found}; check AWS_ENDPOINT_URL"


def is_local(host: str) -> bool:
    """Return whether a Host header names this machine, with or without a prefix that clients add."""
    found = _HOST.fullmatch(host.strip().lower())
    if found is None:
        return False
    name = found["host"].removesuffix(".")
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == LOCALHOST or _PREFIXED.fullmatch(name) is not None


async def refuse(reason: str, scope: Scope, send: Send) -> None:
    """Answer with 403 and the reason."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": f"{reason}\n".encode()})
