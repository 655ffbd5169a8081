"""The nginx in front of the scikit-learn and XGBoost containers' applications (sagemaker-containers, `nginx.conf`)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from batch_transform.local.framework.one_at_a_time import OneAtATime, TimeLimitError
from batch_transform.local.framework.settings import Application, Settings

_FORWARDED = re.compile(r"/(ping|invocations|execution-parameters)")


class Nginx:
    """A WSGI application that forwards complete requests to another one, with a time limit for the answer."""

    def __init__(self, application: Application, settings: Settings) -> None:
        self._application = application
        self._requests = OneAtATime(settings.timeout)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self._answer(environ)(environ, start_response)

    def _answer(self, environ: dict[str, Any]) -> Response:
        request = Request(environ)
        if not _FORWARDED.match(request.path):
            return Response("{}", HTTPStatus.NOT_FOUND)
        body = request.get_data(cache=False)
        forwarded = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        forwarded.pop("HTTP_TRANSFER_ENCODING", None)
        if request.path != "/invocations":  # a ping is answered while a long request is in progress
            return self._forward(forwarded)
        try:
            return self._requests.run(lambda: self._forward(forwarded))
        except TimeLimitError:
            return _page("504 Gateway Time-out")
        except SystemExit:  # the code ended the worker
            return _page("502 Bad Gateway")

    def _forward(self, environ: dict[str, Any]) -> Response:
        body, status, headers = run_wsgi_app(self._application, environ, buffered=True)
        return Response(body, status, headers)


def _page(status: str) -> Response:
    """Return nginx's own page for a status."""
    return Response(
        f"<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
        status,
        content_type="text/html",
    )
