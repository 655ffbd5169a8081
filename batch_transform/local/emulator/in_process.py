"""Calls that the local AWS makes to itself, without the network. A job of many small objects makes little else.

boto3 prepares the request and reads the response as usual. A handler of botocore's `before-send` event replaces its
HTTP client.
"""

from __future__ import annotations

import asyncio
import http.client
import io
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import botocore.credentials
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.response import StreamingBody

from batch_transform.local.clients import Credentials
from batch_transform.local.emulator.storage.body import Body, Content

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

_OWN_ADDRESS = ("127.0.0.1", 0)


class InProcess:
    """Answers requests with the ASGI application, in its event loop. Before `connect`, it answers none."""

    def __init__(self) -> None:
        self._send: Callable[[Message, OwnRequest], None] | None = None

    def connect(self, application: Application, loop: asyncio.AbstractEventLoop) -> None:
        """Use this application from now on."""

        def send(scope: Message, exchange: OwnRequest) -> None:
            asyncio.run_coroutine_threadsafe(_served(application, scope, exchange), loop).result()

        self._send = send

    def send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        """Return the response; None sends the request over the network. Blocks: don't call it in the loop's thread."""
        if self._send is None:
            return None
        body: Any = request.body
        if hasattr(body, "read"):
            body = body.read()  # one part of an upload at most
        exchange = self.exchange(request, bytes(body or b""))
        headers = HTTPHeaders.from_dict(exchange.headers)
        return AWSResponse(request.url, exchange.status, headers, _Raw(exchange.content))

    def exchange(self, request: AWSPreparedRequest | AWSRequest, body: bytes) -> OwnRequest:
        """Make a request with this body, and return it with its response: status 0 if there is no application yet."""
        exchange = OwnRequest(body)
        if self._send is not None:
            self._send(_scope(request), exchange)
        return exchange

    def s3(self, client: Any, credentials: Credentials, region: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        """Return the S3 client with a shortcut for the two calls that a job makes for each object."""
        return _ShortWay(self, client, credentials, region)


class _ShortWay:
    """An S3 client that signs and sends GetObject and PutObject without botocore, if only bucket and key are given.

    botocore takes four times as long for one of them as S3 does here. A call that doesn't return 200 is repeated
    through botocore, which raises the error. All other calls go through botocore, too.
    """

    def __init__(self, own: InProcess, client: Any, credentials: Credentials, region: str) -> None:  # noqa: ANN401  # boto3 makes clients at run time
        self._own = own
        self._client = client
        known = botocore.credentials.Credentials(
            credentials.access_key, credentials.secret_key, credentials.token
        )
        self._signer = S3SigV4Auth(known, "s3", region)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the client has
        return getattr(self._client, name)

    def get_object(self, **request: Any) -> Any:  # noqa: ANN401  # as the client's
        if request.keys() == {"Bucket", "Key"}:
            answer = self._exchange("GET", request, b"")
            if answer.status == http.client.OK:
                return {
                    "Body": StreamingBody(_Raw(answer.content), None),  # type: ignore[arg-type]  # it has what is read
                    "ETag": answer.headers["ETag"],  # the version of a model archive
                }
        return self._client.get_object(**request)

    def put_object(self, **request: Any) -> Any:  # noqa: ANN401  # as the client's
        if request.keys() == {"Bucket", "Key", "Body"} and isinstance(request["Body"], bytes):
            answer = self._exchange("PUT", request, request["Body"])
            if answer.status == http.client.OK:
                version = answer.headers.get("x-amz-version-id")
                return {"ETag": answer.headers["ETag"], **({"VersionId": version} if version else {})}
        return self._client.put_object(**request)

    def _exchange(self, method: str, place: Mapping[str, str], body: bytes) -> OwnRequest:
        key = quote(place["Key"], safe="/~")
        url = f"{self._client.meta.endpoint_url}/{place['Bucket']}/{key}"
        headers = {"Content-Length": str(len(body))} if method == "PUT" else {}
        request = AWSRequest(method, url, headers, body)
        self._signer.add_auth(request)
        return self._own.exchange(request, body)


class OwnRequest:
    """A request of the local AWS to itself: ASGI's `receive` and `send`, and the response.

    `content` may be set instead of sending a body that is in files.
    """

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.content: Content = b""
        self._body = body
        self._sent: list[bytes] = []
        self._is_read = False

    async def __call__(self) -> Message:
        """Return the request once, and then wait: this client never disconnects."""
        if self._is_read:
            await asyncio.get_running_loop().create_future()
        self._is_read = True
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Receive a message of the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {
                name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]
            }
        elif body := message.get("body"):
            self._sent.append(body)
            self.content = b"".join(self._sent)


class _Raw:
    """The part of urllib3's response that botocore reads."""

    def __init__(self, content: Content) -> None:
        self._chunks: Iterator[bytes] = content.chunks() if isinstance(content, Body) else iter((content,))
        self._rest = io.BytesIO()

    def read(self, amt: int | None = None) -> bytes:
        """Return up to `amt` bytes, or all that are left."""
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
        """Close nothing: nothing is open."""

    def release_conn(self) -> None:
        """Release nothing: there is no connection."""


async def _served(application: Application, scope: Message, exchange: OwnRequest) -> None:
    await application(scope, exchange, exchange.send)


def _scope(request: AWSPreparedRequest | AWSRequest) -> Message:
    url = urlsplit(str(request.url))
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
