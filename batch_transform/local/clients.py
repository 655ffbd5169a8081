"""boto3 clients that the parts of the local AWS use: one for each service, region and set of credentials."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

from batch_transform.local.settings import ACCESS_KEY


@dataclass(frozen=True)
class Credentials:
    """The credentials that sign a call. `token` belongs to a role's session."""

    access_key: str
    secret_key: str
    token: str | None = None


def account_credentials(account: str) -> Credentials:
    """Return the credentials of an account's root: the emulator reads a 12-digit access key as the account."""
    return Credentials(account, ACCESS_KEY)


def isolated_session() -> botocore.session.Session:
    """Return a session that ignores the user's own AWS settings, in files and in variables.

    Otherwise a missing profile or a broken file would fail a call that needs neither.
    """
    nothing = {name: (None, None, *rest) for name, (_, _, *rest) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    for name in ("config_file", "credentials_file"):
        nothing[name] = (None, None, os.devnull, None)
    return botocore.session.Session(session_vars=nothing)


class OwnCalls(Protocol):
    """Answers the calls that a process makes to itself."""

    def send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        """Answer a request before it goes out, as a handler of botocore's `before-send`; None lets it go."""

    def s3(self, client: Any, credentials: Credentials, region: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        """Return an S3 client for this one."""


class Clients:
    """Makes clients that call `endpoint_url`. Thread safe.

    They don't retry, and they don't check requests: the caller sees what the service answers.
    """

    def __init__(self, endpoint_url: str, own_calls: OwnCalls | None = None) -> None:
        """With `own_calls`, the clients call this process itself."""
        self.endpoint_url = endpoint_url
        self._own_calls = own_calls
        # one botocore session: the service models, some of them megabytes of JSON, are read once
        self._session = boto3.Session(botocore_session=isolated_session())
        self._clients: dict[tuple[str, Credentials, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, credentials: Credentials, region: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        """Return the client of `service` with these credentials in that region."""
        with self._lock:  # a boto3 session is not thread safe, its clients are
            key = (service, credentials, region)
            if key not in self._clients:
                made = self._clients[key] = self._session.client(
                    service,  # type: ignore[call-overload]  # the stubs list every name as a literal
                    region_name=region,
                    endpoint_url=self.endpoint_url,
                    aws_access_key_id=credentials.access_key,
                    aws_secret_access_key=credentials.secret_key,
                    aws_session_token=credentials.token,
                    config=Config(
                        retries={"total_max_attempts": 1},
                        parameter_validation=False,
                        max_pool_connections=64,
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                        s3={"addressing_style": "path"},
                        proxies={},  # the service is on this machine: ignore HTTP_PROXY
                    ),
                )
                if self._own_calls is not None:
                    made.meta.events.register("before-send", self._own_calls.send)
                    if service == "s3":
                        self._clients[key] = self._own_calls.s3(made, credentials, region)
            return self._clients[key]
