"""The Flask application of the scikit-learn and XGBoost containers, its requests and its responses."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import flask

from batch_transform.local.framework.sagemaker_containers import content_types
from batch_transform.local.framework.sagemaker_containers.env import ServingEnv
from batch_transform.local.framework.sagemaker_containers.errors import ClientError


class Worker(flask.Flask):
    """POST /invocations, GET /ping and, if the code defines a function for it, GET /execution-parameters."""

    def __init__(
        self,
        transform_fn: Callable[[], Any],
        initialize_fn: Callable[[], object] | None = None,
        module_name: str | None = None,
        healthcheck_fn: Callable[[], Any] | None = None,
        execution_parameters_fn: Callable[[], Any] | None = None,
    ) -> None:
        super().__init__(module_name or str(ServingEnv().module_name))
        if initialize_fn is not None:
            initialize_fn()
        self.add_url_rule("/invocations", "invocations", transform_fn, methods=["POST"])
        self.add_url_rule("/ping", "ping", healthcheck_fn or default_healthcheck_fn)
        if execution_parameters_fn is not None:
            self.add_url_rule(
                "/execution-parameters", "execution-parameters", execution_parameters_fn, methods=["GET"]
            )
        self.request_class = Request
        self.logger.setLevel(logging.INFO)

    def log_exception(self, exc_info: Any) -> None:  # noqa: ANN401  # sys.exc_info(), for which Flask has its own type
        """Log the error of the model's code, not the one that wraps it."""
        cause = exc_info[1].__cause__ if isinstance(exc_info[1], ClientError) else None
        given: Any = exc_info if cause is None else (type(cause), cause, cause.__traceback__)
        super().log_exception(given)


class Response(flask.Response):
    """A response. `accept` is ignored, as in AWS's class."""

    default_mimetype = content_types.JSON

    def __init__(  # noqa: PLR0917  # AWS's signature
        self,
        response: Any = None,  # noqa: ANN401  # whatever Flask accepts
        accept: str | None = None,
        status: int | str = HTTPStatus.OK,
        headers: Any = None,  # noqa: ANN401
        mimetype: str | None = None,
        direct_passthrough: bool = False,  # AWS's signature
    ) -> None:
        del accept
        super().__init__(response, status, headers, mimetype, None, direct_passthrough)


class Request(flask.Request):
    """A request; by default the current one."""

    def __init__(self, environ: dict[str, Any] | None = None, serving_env: ServingEnv | None = None) -> None:
        super().__init__(environ or flask.request.environ)
        self._default_accept = (serving_env or ServingEnv()).default_accept

    @property
    def content_type(self) -> str:  # type: ignore[override]  # Werkzeug has a cached property
        """The header ContentType, or Content-Type, or application/json."""
        headers = self.headers
        return headers.get("ContentType") or headers.get("Content-Type") or content_types.JSON

    @property
    def accept(self) -> str:
        """The header Accept, or SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT if it is missing or `*/*`."""
        accept = self.headers.get("Accept")
        return self._default_accept if not accept or accept == content_types.ANY else accept

    @property
    def content(self) -> str | bytes:
        """The body: str for text types, bytes for all others."""
        return (
            self.get_data(as_text=True) if self.content_type in content_types.UTF8_TYPES else self.get_data()
        )


def default_healthcheck_fn() -> Response:
    """Answer a ping."""
    return Response(status=HTTPStatus.OK)
