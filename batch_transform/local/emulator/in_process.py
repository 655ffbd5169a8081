"""The local AWS's own calls of itself, without a network between: a job of many small objects does little else.

boto3 makes and reads each call as always; botocore lets a handler of `before-send` answer in place of its HTTP client.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from batch_transform.local.emulator.storage.body import Body, Content

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

_OWN_ADDRESS = ("127.0.0.1", 0)


class InProcess:
    """Answers requests by the ASGI application itself, in its event loop. Nothing is answered before `connect`."""

    def __init__(self) -> None:
        self._application: Application | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def connect(self, application: Application, loop: asyncio.AbstractEventLoop) -> None:
        """Answer with this application from now on."""
        self._application, self._loop = application, loop

    def send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        """Return the answer; None sends the request over the network. It waits, and so is not for the loop's thread."""
        body = b"" if request.body is None else request.body
        if self._application is None or self._loop is None or not isinstance(body, (bytes, bytearray)):
            return None
        exchange = OwnRequest(bytes(body))
        answered = asyncio.run_coroutine_threadsafe(
            _served(self._application, _scope(request), exchange), self._loop
        )
        answered.result()
        headers = HTTPHeaders.from_dict(exchange.headers)
        return AWSResponse(request.url, exchange.status, headers, _Raw(exchange.content))


class OwnRequest:
    """A request of the local AWS to itself: ASGI's `receive` and `send`, and what came of it.

    An answer whose bytes are in files may be put into `content` instead of being sent.
    """

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.content: Content = b""
        self._body = body
        self._sent: list[bytes] = []
        self._is_read = False

    async def __call__(self) -> Message:
        """Return the request, and then nothing: this client stays."""
        if self._is_read:
            await asyncio.get_running_loop().create_future()
        self._is_read = True
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take a message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {
                name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]
            }
        elif body := message.get("body"):
            self._sent.append(body)
            self.content = b"".join(self._sent)


class _Raw:
    """What botocore reads of urllib3's answer."""

    def __init__(self, content: Content) -> None:
        self._chunks: Iterator[bytes] = content.chunks() if isinstance(content, Body) else iter((content,))
        self._rest = io.BytesIO()

    def read(self, amt: int | None = None) -> bytes:
        """Return as many bytes, or all that are left; none at the end."""
        if amt is None or amt < 0:
            return self._rest.read() + b"".join(self._chunks)
        data = self._rest.read(amt)
        while not data and amt and (chunk := next(self._chunks, None)) is not None:
            self._rest = io.BytesIO(chunk)
            data = self._rest.read(amt)
        return data

    def stream(self, amt: int = 64 * 1024, **_: object) -> Iterator[bytes]:
        """Yield the bytes in pieces."""
        while data := self.read(amt):
            yield data

    def close(self) -> None:
        """Nothing is open."""

    def release_conn(self) -> None:
        """There is no connection."""


async def _served(application: Application, scope: Message, exchange: OwnRequest) -> None:
    await application(scope, exchange, exchange.send)


def _scope(request: AWSPreparedRequest) -> Message:
    url = urlsplit(request.url)
    headers = [(name.lower().encode("latin-1"), _bytes(value)) for name, value in request.headers.items()]
    if not any(name == b"host" for name, _ in headers):
        headers.append((b"host", url.netloc.encode("ascii")))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(url.path) or "/",
        "raw_path": (url.path or "/").encode("ascii"),
        "query_string": url.query.encode("ascii"),
        "headers": headers,
        "client": _OWN_ADDRESS,
        "server": (url.hostname, url.port),
    }


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8")
