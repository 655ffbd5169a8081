"""A server with odd answers, and an invoker that talks to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from batch_transform.local.sagemaker.http_invoker import HttpInvoker
from fakes.odd_server import OddServer


@pytest.fixture
def server() -> Iterator[OddServer]:
    """A server whose answers depend on the request's body."""
    with OddServer() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def invoker(server: OddServer) -> Iterator[HttpInvoker]:
    """Sends to that server."""
    made = HttpInvoker(server.url)
    yield made
    made.close()
