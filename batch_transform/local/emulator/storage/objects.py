"""Makes the emulator's S3 keep bodies in files, and refuse what can't be written."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sqlite3
import threading
import types
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextvars import ContextVar
from functools import partial
from typing import Any

from ministack import app  # type: ignore[import-untyped]  # it has no types
from ministack.services import s3  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.in_process import OwnRequest
from batch_transform.local.emulator.storage.body import IN_MEMORY, Body, BodyFolder, Content
from batch_transform.local.emulator.storage.kept import KeptObjects
from batch_transform.local.emulator.storage.upload import Receive

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = tuple[int, dict[str, str], Content]

_UNAVAILABLE = 503
_CHANGES = ("PUT", "POST", "DELETE")

logger = logging.getLogger(__name__)


_receive: ContextVar[Receive | None] = ContextVar("receive", default=None)


def note_receive(receive: Receive) -> None:
    """Note the `receive` of the next request: it says when a client disconnects during a long response."""
    _receive.set(receive)


class Objects:
    """Replaces parts of S3. With `kept`, a request succeeds once its outcome survives a restart."""

    def __init__(self, folder: BodyFolder, kept: KeptObjects | None = None) -> None:
        self._folder = folder
        self._kept = kept
        self._request = threading.local()
        self._request.events = None  # during a request: what to do once it has succeeded
        self._parts: dict[int, Content] = {}  # of the upload that is being completed

    def plug_in(self) -> None:
        """Replace the emulator's functions that handle bodies and changes."""
        s3.hashlib = _module(hashlib, md5=_hasher("md5"), sha1=_hasher("sha1"), sha256=_hasher("sha256"))
        s3.zlib = _module(zlib, crc32=_crc32)
        s3.md5_hash = lambda data: s3.hashlib.md5(data).hexdigest()
        s3._dispatch = partial(self._dispatch, s3._dispatch)
        s3._build_object_record = partial(self._build_record, s3._build_object_record)
        s3._complete_multipart_upload = partial(self._complete, s3._complete_multipart_upload)
        s3._maybe_replicate = partial(self._replicate, s3._maybe_replicate)
        s3._record_object_version = partial(self._record_version, s3._record_object_version)
        s3._fire_s3_event_async = partial(self._fire_event, s3._fire_s3_event_async)
        s3._get_object_data = partial(_get_in_memory, s3._get_object_data)
        app._send_response = partial(_send_response, app._send_response)
        if self._kept is not None:
            s3._persist_version_state = lambda bucket_name, key, bucket: self._touch(bucket_name, key)
            s3._persist_delete_marker = lambda bucket_name, key, marker: self._touch(bucket_name, key)
            s3._delete_persisted_object = self._touch
            s3._delete_persisted_bucket = self._touch
            s3.reset = partial(_reset, s3.reset, self._kept)

    def _dispatch(self, dispatch: Callable[..., Answer], *request: Any) -> Answer:  # noqa: ANN401  # of the emulator
        """Serve a request. If its outcome can't be kept, undo and refuse it."""
        method, bucket, key, _, body, query_params = request
        upload_id = s3._qp(query_params, "uploadId")
        upload = s3._multipart_uploads.get(upload_id)
        events: list[Callable[[], None]] = []
        self._request.events = events
        try:
            if isinstance(body, Body) and body.failure is not None:
                raise body.failure
            answer = dispatch(*request)
            if self._kept is not None:
                if bucket and not key and method in _CHANGES:
                    self._kept.touch(bucket)
                self._kept.commit()
        except (OSError, sqlite3.Error) as error:
            if self._kept is not None:
                self._kept.roll_back()
            if upload is not None:  # its parts still exist: it can be completed once there is space
                s3._multipart_uploads[upload_id] = upload
                s3._completed_multipart_uploads.pop(upload_id, None)
            return self._refusal(error, f"/{bucket}/{key}")
        finally:
            self._request.events = None
        for event in events:
            event()
        return answer

    def _build_record(
        self,
        build: Callable[..., dict[str, Any]],
        body: Content,
        *arguments: object,
        **options: object,
    ) -> dict[str, Any]:
        """Build the record of an object whose bytes didn't come through `upload`, but in a form, for example."""
        if isinstance(body, bytes) and len(body) > IN_MEMORY:
            body = self._folder.write(body)
        return build(body, *arguments, **options)

    def _complete(
        self,
        complete: Callable[..., Answer],
        bucket_name: str,
        key: str,
        body: bytes,
        query_params: Mapping[str, Any],
        *headers: Mapping[str, str],
    ) -> Answer:
        """Join the parts of an upload without copying them.

        The emulator gets stand-ins, so that it copies nothing. `_replicate`, which it calls next with the new record,
        puts the parts into it.
        """
        upload = s3._multipart_uploads.get(s3._qp(query_params, "uploadId"))
        if upload is None:
            return complete(bucket_name, key, body, query_params, *headers)
        objects = (s3._buckets.get(bucket_name) or {"objects": {}})["objects"]
        before = objects.get(key)
        self._parts = {number: part["body"] for number, part in upload["parts"].items()}
        for part in upload["parts"].values():
            part["body"] = _StandIn(part["body"])
        try:
            return complete(bucket_name, key, body, query_params, *headers)
        except OSError:
            if before is None:
                objects.pop(key, None)
            else:
                objects[key] = before
            raise
        finally:
            for number, content in self._parts.items():
                upload["parts"][number]["body"] = content
            self._parts = {}

    def _replicate(
        self,
        replicate: Callable[..., None],
        bucket_name: str,
        key: str,
        obj: dict[str, Any],
        *data_and_tags: object,
    ) -> None:
        if self._parts:
            joined = self._folder.join(self._parts[part["PartNumber"]] for part in obj["parts"])
            obj["body"], obj["size"] = joined, len(joined)
        replicate(bucket_name, key, obj, *data_and_tags)

    def _record_version(
        self,
        record_version: Callable[..., str | None],
        bucket_name: str,
        key: str,
        prior_obj: dict[str, Any] | None,
        obj: dict[str, Any],
        *_: object,
    ) -> str | None:
        """Record a version. The body is in the record; the last argument is the emulator's copy of it."""
        version_id = record_version(bucket_name, key, prior_obj, obj, obj["body"])
        if self._kept is not None:
            self._touch(bucket_name, key)
        return version_id

    def _fire_event(self, fire: Callable[..., None], *arguments: object, **details: object) -> None:
        """Fire the event once the request has succeeded."""
        events = getattr(self._request, "events", None)
        if events is None:
            fire(*arguments, **details)
        else:
            events.append(partial(fire, *arguments, **details))

    def _touch(self, bucket_name: str, key: str = "") -> None:
        """Keep the object, or the bucket, at the end of the request; outside a request, now."""
        if self._kept is not None:
            self._kept.touch(bucket_name, key)
            if getattr(self._request, "events", None) is None:
                self._kept.commit()

    def _refusal(self, error: Exception, resource: str) -> Answer:
        """Return ServiceUnavailable, 503, which SDKs retry (API reference, "Error responses")."""
        where = "with --data-dir" if self._kept is not None else "with TMPDIR"
        message = (
            f"Service is unable to handle request: the local AWS cannot write to {self._folder.path}: "
            f"{_reason(error)}. Free space there, or choose another folder {where}."
        )
        logger.error("%s: %s", resource, message)
        answer: Answer = s3._error("ServiceUnavailable", message, _UNAVAILABLE, resource)
        return answer


class _StandIn(bytes):
    """Empty bytes with the length and the hash of others."""

    content: Content

    def __new__(cls, content: Content) -> _StandIn:
        made = super().__new__(cls)
        made.content = content
        return made

    def __len__(self) -> int:
        return len(self.content)


def _module(original: types.ModuleType, **functions: Callable[..., Any]) -> types.SimpleNamespace:
    """Return the module with some functions that also accept a Body."""
    return types.SimpleNamespace(**{**vars(original), **functions})


def _hasher(name: str) -> Callable[..., Any]:
    hash_bytes = getattr(hashlib, name)

    def hashed(data: Content = b"", **options: Any) -> Any:  # noqa: ANN401  # a hash object, of a private type
        if isinstance(data, _StandIn):
            data = data.content
        return data.digest(name) if isinstance(data, Body) else hash_bytes(data, **options)

    return hashed


def _crc32(data: Content, value: int = 0) -> int:
    return data.crc32(value) if isinstance(data, Body) else zlib.crc32(data, value)


def _get_in_memory(get: Callable[..., Content | None], *arguments: object, **options: object) -> bytes | None:
    """Return the bytes for other services, for example the code of a Lambda function."""
    found = get(*arguments, **options)
    return found.read() if isinstance(found, Body) else found


def _reset(reset: Callable[[], None], kept: KeptObjects) -> None:
    reset()
    kept.clear()


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


async def _send_response(
    send_response: Callable[..., Awaitable[None]],
    send: Send,
    status: int,
    headers: dict[str, str],
    body: Content,
    *,
    head: bool = False,
) -> None:
    """Send a response, a large body in pieces, read at the pace of the client."""
    if not isinstance(body, Body) or len(body) <= IN_MEMORY:
        whole = body.read() if isinstance(body, Body) else body
        await send_response(send, status, headers, whole, head=head)
        return
    named = {name.lower() for name in headers}
    length = {} if "content-length" in named else {"Content-Length": str(len(body))}
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": app._asgi_header_list({**headers, **length}),
    }
    await send(start)
    receive = _receive.get()
    if isinstance(receive, OwnRequest):
        receive.content = body
        return
    gone = asyncio.ensure_future(_until_gone(receive)) if receive else None
    try:
        for chunk in body.chunks():
            if gone is not None and gone.done():
                return
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await asyncio.sleep(0)  # `send` doesn't wait if the client has disconnected
    finally:
        if gone is not None:
            gone.cancel()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
