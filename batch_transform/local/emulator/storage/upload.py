"""Receives the bytes of a PUT: those of a large object go to a file as they arrive."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs

from ministack import app  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.storage.body import IN_MEMORY, Body, BodyFolder, BodyWriter, Content

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_OWN_HOSTS = {b"127.0.0.1", b"localhost", b"[::1]"}
_NOT_OBJECTS = ("/iceberg", "/v20180820/", "/_")
_OF_AN_OBJECT = re.compile(r"partNumber|uploadId|x-id|x-amz-.*", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})\s*(;.*)?")
_LONGEST_CHUNK_HEAD = 4096


class ObjectReceive:
    """ASGI's `receive` for a request whose body is an object, or a part of one."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    async def __call__(self) -> Message:
        """Return the next message."""
        return await self._receive()


def marked(scope: Message, receive: Receive) -> Receive:
    """Return `receive`, as an ObjectReceive if the request is PutObject or UploadPart."""
    return ObjectReceive(receive) if _brings_object(scope) else receive


def _brings_object(scope: Message) -> bool:
    """Return whether it is one. If in doubt it isn't, and the emulator reads it."""
    path: str = scope["path"]
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if scope["method"] != "PUT" or path.startswith(_NOT_OBJECTS):
        return False
    if not all(_OF_AN_OBJECT.fullmatch(name) for name in query):
        return False  # the tags of the object, its ACL, ...
    headers = dict(scope["headers"])
    if headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
        return False  # the emulator reads parameters from it
    signed = headers.get(b"authorization", b"").decode("latin-1") or "".join(
        query.get("X-Amz-Credential", [])
    )
    if signed:
        return "/s3/aws4_request" in signed
    has_key = "/" in path.strip("/")
    return has_key and headers.get(b"host", b"").rpartition(b":")[0] in _OWN_HOSTS


def plug_in(folder: BodyFolder) -> None:
    """Read the bodies of such requests into `folder` if they are larger than IN_MEMORY.

    With enforced IAM, a body that is signed in chunks is read into memory: its signatures are checked.
    """
    read = app._read_request_body

    async def read_request_body(receive: Receive, method: str, headers: dict[str, str]) -> Content:
        is_checked = app.AUTH and headers.get("x-amz-content-sha256", "").startswith("STREAMING-AWS4-HMAC")
        if not isinstance(receive, ObjectReceive) or is_checked:
            whole: bytes = await read(receive, method, headers)
            return whole
        return await _read(receive, headers, folder)

    app._read_request_body = read_request_body


async def _read(receive: Receive, headers: dict[str, str], folder: BodyFolder) -> Content:
    with closing(_Spool(folder)) as spool:
        await _receive(receive, headers, spool)
        return spool.end()


async def _receive(receive: Receive, headers: dict[str, str], spool: _Spool) -> None:
    chunks = _AwsChunks() if _is_in_chunks(headers) else None
    received, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise app._RequestBodyDisconnected
        data = message.get("body", b"")
        received += len(data)
        spool.write(chunks.decode(data) if chunks else [data])
        more = message.get("more_body", False)
    announced = headers.get("content-length")
    if announced is not None and announced.strip() != str(received):
        raise app._IncompleteRequestBody("Content-Length does not match request body")
    if chunks:
        chunks.end(headers, spool.size)


class _Spool:
    """Collects bytes in memory, and beyond IN_MEMORY in a file.

    If they can't be written, the rest is read and dropped: the client gets the error once it has sent everything.
    """

    def __init__(self, folder: BodyFolder) -> None:
        self.size = 0
        self._folder = folder
        self._held: list[bytes] = []
        self._writer: BodyWriter | None = None
        self._failure: OSError | None = None

    def write(self, pieces: Iterable[bytes]) -> None:
        for data in pieces:
            self.size += len(data)
            self._held.append(data)
            if self.size > IN_MEMORY:
                self._flush()

    def end(self) -> Content:
        if self._writer is None and self._failure is None:
            return b"".join(self._held)
        self._flush()
        if self._writer is not None and self._failure is None:
            try:
                return self._writer.end()
            except OSError as error:
                self._failure = error
        return Body((), failure=self._failure)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        held, self._held = self._held, []
        if self._failure is not None:
            return
        try:
            self._writer = self._writer or self._folder.writer()
            for data in held:
                self._writer.write(data)
        except OSError as error:
            self._failure = error


def _is_in_chunks(headers: MutableMapping[str, str]) -> bool:
    return (
        headers.get("x-amz-content-sha256", "").startswith("STREAMING-")
        or "aws-chunked" in headers.get("content-encoding", "")
        or "x-amz-decoded-content-length" in headers
    )


class _AwsChunks:
    """Decodes `aws-chunked`: chunks with their sizes, an empty last one, and trailing headers.

    Amazon S3 API reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
    Chunks"; the signatures of the chunks are ignored.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._left = 0  # in the chunk
        self._is_in_chunk = False
        self._is_at_end = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield the bytes of chunks."""
        self._pending += data
        while not self._is_at_end:
            if self._left:
                part = bytes(self._pending[: self._left])
                if not part:
                    return
                del self._pending[: len(part)]
                self._left -= len(part)
                yield part
            elif self._is_in_chunk:
                if len(self._pending) < 2:  # CR, LF
                    return
                if not self._pending.startswith(b"\r\n"):
                    raise app._IncompleteRequestBody("Truncated aws-chunked frame data")
                del self._pending[:2]
                self._is_in_chunk = False
            elif not self._read_head():
                return

    def _read_head(self) -> bool:
        end = self._pending.find(b"\r\n")
        if end < 0 and len(self._pending) < _LONGEST_CHUNK_HEAD:
            return False
        head = _CHUNK_SIZE.fullmatch(bytes(self._pending[: max(end, 0)]))
        if head is None:
            raise app._IncompleteRequestBody("Invalid aws-chunked frame size")
        del self._pending[: end + 2]
        self._left = int(head[1], 16)
        self._is_at_end = not self._left
        self._is_in_chunk = not self._is_at_end
        return True

    def end(self, headers: dict[str, str], size: int) -> None:
        """Check that the body is complete, and add the trailing headers to `headers`, as the emulator does."""
        if not self._is_at_end:
            raise app._IncompleteRequestBody("Missing aws-chunked terminating frame")
        announced = headers.pop("x-amz-decoded-content-length", None)
        app._decode_aws_chunked_body(b"0\r\n" + bytes(self._pending), headers)
        if announced is not None:
            headers["x-amz-decoded-content-length"] = announced
            if announced.strip() != str(size):
                raise app._IncompleteRequestBody("Decoded aws-chunked length mismatch")
