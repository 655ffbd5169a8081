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

_PASSED_ON = re.compile(r"/(ping|invocations|execution-parameters)")


class Nginx:
    """A WSGI application that passes requests on to another one, whole, and gives up on an answer in time."""

    def __init__(self, application: Application, settings: Settings) -> None:
        self._application = application
        self._requests = OneAtATime(settings.timeout)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self._answer(environ)(environ, start_response)

    def _answer(self, environ: dict[str, Any]) -> Response:
        request = Request(environ)
        if not _PASSED_ON.match(request.path):
            return Response("{}", HTTPStatus.NOT_FOUND)
        body = request.get_data(cache=False)
        passed = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        passed.pop("HTTP_TRANSFER_ENCODING", None)
        if request.path != "/invocations":  # a ping is answered beside a request that takes long
            return self._passed(passed)
        try:
            return self._requests.run(lambda: self._passed(passed))
        except TimeLimitError:
            return _page("504 Gateway Time-out")
        except SystemExit:  # the code has ended the worker
            return _page("502 Bad Gateway")

    def _passed(self, environ: dict[str, Any]) -> Response:
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
