"""boto3 clients of the local AWS, for its own parts: in another account or region each time, one client for each."""

from __future__ import annotations

import threading
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

SECRET_KEY = "local"  # noqa: S105  # nothing is secret: the local AWS takes any key


class Clients:
    """Makes clients that call `endpoint_url`. Thread safe.

    The emulator takes a 12-digit access key as the account to act in, so a client acts in the
    account that it is made for. Nothing is retried and nothing is checked on our side: what the
    service says is what the caller gets to see.
    """

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        # one botocore session: the service models, some of them megabytes of JSON, are read once
        self._session = boto3.Session(botocore_session=botocore.session.Session())
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, account: str, region: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        """Return the client of `service` in that account and region."""
        with self._lock:  # a boto3 session is not thread safe, its clients are
            key = (service, account, region)
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service,  # type: ignore[call-overload]  # the stubs list every name as a literal
                    region_name=region,
                    endpoint_url=self.endpoint_url,
                    aws_access_key_id=account,
                    aws_secret_access_key=SECRET_KEY,
                    config=Config(
                        retries={"total_max_attempts": 1},
                        parameter_validation=False,
                        max_pool_connections=64,
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                        s3={"addressing_style": "path"},
                    ),
                )
            return self._clients[key]
