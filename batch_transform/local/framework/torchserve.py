"""TorchServe, in front of the PyTorch container's handler, as a client sees it (pytorch/serve 0.12)."""

from __future__ import annotations

import io
import json
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

from batch_transform.job.model.framework_containers import ServerLimit
from batch_transform.local.framework.one_at_a_time import OneAtATime, TimeLimitError

Reply = tuple[int, str | None, str | None, bytes]
"""Status, reason phrase, content type and body."""

logger = logging.getLogger(__name__)


class Handler(Protocol):
    """What TorchServe calls for each request: `data` has one entry per request, with its body."""

    def handle(self, data: list[dict[str, Any]], context: Context) -> Any:  # noqa: ANN401  # whatever the code returns
        """Return a list with one answer per request."""


class RequestProcessor:
    """The headers of a request, and the status and headers of its answer."""

    def __init__(self, request_header: Mapping[str, Any]) -> None:
        self._request_header = dict(request_header)
        self._response_header: dict[str, str] = {}
        self._status: tuple[int, str | None] = (HTTPStatus.OK, None)

    def get_request_property(self, key: str) -> Any:  # noqa: ANN401  # a header, or the properties of a form's field
        """Return a header of the request."""
        return self._request_header.get(key)

    def get_request_properties(self) -> dict[str, Any]:
        """Return the headers of the request."""
        return self._request_header

    def report_status(self, code: int, reason_phrase: str | None = None) -> None:
        """Set the answer's status."""
        self._status = (code, reason_phrase)

    def get_response_status_code(self) -> int:
        """Return the answer's status."""
        return self._status[0]

    def get_response_status_phrase(self) -> str | None:
        """Return the answer's reason phrase."""
        return self._status[1]

    def add_response_property(self, key: str, value: str) -> None:
        """Set a header of the answer."""
        self._response_header[key] = value

    def get_response_headers(self) -> dict[str, str]:
        """Return the headers of the answer."""
        return self._response_header

    def get_response_header(self, key: str) -> str | None:
        """Return a header of the answer."""
        return self._response_header.get(key)


class Context:
    """TorchServe's context, with its names: passed to a function of the model's code that has a further parameter."""

    def __init__(self, model_dir: str) -> None:
        self.model_name = "model"
        self.manifest: dict[str, Any] | None = None
        self.metrics = None
        self.model_yaml_config: dict[str, Any] = {}
        self.request_ids: dict[int, str] = {}
        self.request_processor: list[RequestProcessor] = []
        self.system_properties = {
            "model_dir": model_dir,
            "gpu_id": None,
            "batch_size": 1,
            "server_name": "MMS",
            "server_version": "0.12.0",
            "limit_max_image_pixels": True,
        }

    def get_request_id(self, idx: int = 0) -> str | None:
        """Return TorchServe's id of the request."""
        return self.request_ids.get(idx)

    def get_request_header(self, idx: int, key: str) -> Any:  # noqa: ANN401
        """Return a header of the request."""
        return self.request_processor[idx].get_request_property(key)

    def get_all_request_header(self, idx: int) -> dict[str, Any]:
        """Return the headers of the request."""
        return self.request_processor[idx].get_request_properties()

    def set_response_content_type(self, idx: int, value: str) -> None:
        """Set the answer's content type."""
        self.set_response_header(idx, "content-type", value)

    def get_response_content_type(self, idx: int) -> str | None:
        """Return the answer's content type."""
        return self.request_processor[idx].get_response_header("content-type")

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        """Set the answer's status."""
        if self.request_processor:
            self.request_processor[idx].report_status(code, phrase)

    def set_all_response_status(self, code: int = 200, phrase: str = "") -> None:
        """Set the status of each answer."""
        for processor in self.request_processor:
            processor.report_status(code, phrase)

    def get_response_status(self, idx: int) -> tuple[int, str | None]:
        """Return the answer's status and reason phrase."""
        processor = self.request_processor[idx]
        return processor.get_response_status_code(), processor.get_response_status_phrase()

    def get_response_headers(self, idx: int) -> dict[str, str]:
        """Return the headers of the answer."""
        return self.request_processor[idx].get_response_headers()

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        """Set a header of the answer."""
        self.request_processor[idx].add_response_property(key, value)


class TorchServe:
    """The WSGI application: GET /ping and POST /invocations.

    `timeout` is the worker's time limit for an answer, in seconds; the other limits are in bytes.
    """

    def __init__(
        self,
        handler: Handler,
        context: Context,
        timeout: ServerLimit,
        longest_request: ServerLimit,
        longest_response: int,
    ) -> None:
        self._handler = handler
        self._context = context
        self._requests = OneAtATime(timeout)
        self._longest_request = longest_request
        self._longest_response = longest_response

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, phrase, content_type, body = self._reply(Request(environ))
        response = Response(body, f"{status} {phrase}" if phrase else status)
        if content_type:
            response.headers["Content-Type"] = content_type
        else:
            del response.headers["Content-Type"]
        return response(environ, start_response)

    def _reply(self, request: Request) -> Reply:  # one return for each way in which a request ends
        if request.path == "/ping":
            return _json(HTTPStatus.OK, {"status": "Healthy"})
        if request.path != "/invocations":
            return _error(
                HTTPStatus.NOT_FOUND,
                "ResourceNotFoundException",
                "Requested resource is not found, please refer to API document.",
            )
        headers = dict(request.headers)
        body = (
            request.get_data()
        )  # read completely even if it is too long: a client that is still sending may miss the answer
        if len(body) > self._longest_request.value:
            return self._too_long()
        form = self._form(request) if _is_form(request) else {"body": bytearray(body)}
        parameters: dict[str, Any] = {
            name: {"content-type": headers.get("Content-Type", "")} for name in form
        }
        processor = RequestProcessor({**parameters, **headers})
        try:
            return self._requests.run(lambda: self._predict(form, processor))
        except (TimeLimitError, SystemExit):
            return _worker_died()

    @staticmethod
    def _form(request: Request) -> dict[str, Any]:
        """Return the fields of a form; each is a separate parameter."""
        fields: dict[str, Any] = {name: bytearray(value.encode()) for name, value in request.form.items()}
        return fields | {name: bytearray(file.read()) for name, file in request.files.items()}

    def _too_long(self) -> Reply:
        longest = self._longest_request
        logger.error(
            "a request is longer than %s bytes, and TorchServe answers 413; set %s in the model's environment",
            f"{longest.value:,}",
            longest.variable,
        )
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, None, None, b""

    def _predict(self, data: dict[str, Any], processor: RequestProcessor) -> Reply:
        context = self._context
        context.request_ids = {0: str(uuid.uuid4())}
        context.request_processor = [processor]
        try:
            answers = self._handler.handle([data], context)
        except MemoryError:
            logger.exception("System out of memory")
            return _error(HTTPStatus.INSUFFICIENT_STORAGE, "InternalServerException", "Out of resources")
        except Exception:  # the container's handler catches what the model's code raises, except for this
            logger.exception("Invoking custom service failed.")
            return _error(HTTPStatus.SERVICE_UNAVAILABLE, "InternalServerException", "Prediction failed")
        body = _body(answers[0])
        if body is None:
            return _error(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "InternalServerException",
                "Unsupported model output data type.",
            )
        if len(body) > self._longest_response:
            logger.error(
                "an answer is longer than %s bytes, and TorchServe ends its worker; set TS_MAX_RESPONSE_SIZE in the "
                "model's environment",
                f"{self._longest_response:,}",
            )
            return _worker_died()
        content_type: object = context.get_response_content_type(0)
        if content_type is not None and not isinstance(content_type, str):
            return _worker_died()  # the worker dies when it tries to send it
        status, phrase = context.get_response_status(0)
        return status, phrase, content_type, body


def _is_form(request: Request) -> bool:
    return request.mimetype in {"multipart/form-data", "application/x-www-form-urlencoded"}


def _body(answer: Any) -> bytes | None:  # noqa: ANN401  # whatever the model's code returns
    """Return an answer as TorchServe's worker sends it, None if it cannot send it."""
    if isinstance(answer, (bytes, bytearray)):
        return bytes(answer)
    if isinstance(answer, str):
        return answer.encode()
    if type(answer).__module__.partition(".")[0] == "torch" and hasattr(answer, "detach"):
        import torch  # noqa: PLC0415  # it is installed: the answer is one of its tensors

        file = io.BytesIO()
        torch.save(answer, file)
        return file.getvalue()
    try:
        return json.dumps(answer, indent=2).encode()
    except TypeError:
        return None


def _json(status: int, document: Mapping[str, Any]) -> Reply:
    return status, None, "application/json", json.dumps(document, indent=2).encode() + b"\n"


def _error(status: int, kind: str, message: str) -> Reply:
    return _json(status, {"code": int(status), "type": kind, "message": message})


def _worker_died() -> Reply:
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalServerException", "Worker died.")
