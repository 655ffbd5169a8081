"""An account that answers as a local AWS does, except for the calls that a test makes fail or answer otherwise."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

Change = Callable[[dict[str, Any], dict[str, Any]], None]
"""Changes an answer. Gets the request and the answer."""


@dataclass(frozen=True)
class Refusal:
    """An error in place of an answer: always, the first times, or once so many calls were answered."""

    code: str
    message: str
    times: int | None = None
    after: int = 0


@dataclass
class FaultyAccount:
    """The faults by the name of the operation, and how often each operation was called."""

    refusals: dict[str, Refusal] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    endpoint_url: str = ""

    def reset(self) -> None:
        """Remove all faults."""
        self.refusals.clear()
        self.changes.clear()
        self.calls.clear()


@contextmanager
def faulty_account(endpoint_url: str) -> Iterator[FaultyAccount]:
    """Serve an account in front of a local AWS."""
    account = FaultyAccount()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(account, urlsplit(endpoint_url).netloc))
    account.endpoint_url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield account
    finally:
        server.shutdown()
        server.server_close()


def _handler(account: FaultyAccount, upstream: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_call(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            account.calls[operation] += 1
            refusal = account.refusals.get(operation)
            call = account.calls[operation] - (refusal.after if refusal else 0)
            if refusal and call > 0 and (refusal.times is None or call <= refusal.times):
                text = json.dumps({"__type": refusal.code, "message": refusal.message}).encode()
                self.answer(400, "application/x-amz-json-1.0", text)
                return
            connection = http.client.HTTPConnection(upstream)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            connection.request(self.command, self.path, body, {**headers, "Host": upstream})
            response = connection.getresponse()
            answer = response.read()
            connection.close()
            if operation in account.changes and response.status == 200:
                changed = json.loads(answer)
                account.changes[operation](json.loads(body), changed)
                answer = json.dumps(changed).encode()
            self.answer(response.status, response.headers.get("Content-Type", ""), answer)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_call  # noqa: N815  # as the base class calls them

        def answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Print nothing."""

    return Handler
