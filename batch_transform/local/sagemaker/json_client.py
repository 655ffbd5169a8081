"""Calls to SageMaker over HTTP without client-side validation: every error comes from the service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.httpsession import URLLib3Session

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.clients import Credentials


class SageMakerJsonClient:
    """Unlike a boto3 client, it does not refuse unknown members and wrong types with texts of its own."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._http = URLLib3Session(timeout=300, max_pool_connections=64)

    def call(
        self, operation: str, request: Mapping[str, Any], region: str, credentials: Credentials
    ) -> dict[str, Any]:
        """Return the answer. Raises RefusedRequestError with the service's own code and message."""
        signed = AWSRequest(
            "POST",
            self._endpoint_url,
            data=json.dumps(request).encode(),
            headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"SageMaker.{operation}"},
        )
        key = BotocoreCredentials(credentials.access_key, credentials.secret_key, credentials.token)
        SigV4Auth(key, "sagemaker", region).add_auth(signed)
        response = self._http.send(signed.prepare())
        answer: dict[str, Any] = json.loads(response.content or b"{}")
        if response.status_code >= 400:
            raise RefusedRequestError(answer.get("__type", "InternalFailure"), answer.get("message", ""))
        return answer
