"""The local SageMaker as a service of the emulator: its requests, its events and its state."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from ministack import app  # type: ignore[import-untyped]  # it has no types
from ministack.core import concurrency, iam_actions, responses, router  # type: ignore[import-untyped]  # it has no types
from ministack.services import eventbridge  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator.operations import HttpAnswer
from batch_transform.local.sagemaker.resource import Scope
from batch_transform.local.sagemaker.service import SageMaker

NAME = "sagemaker"
_JSON = {"Content-Type": "application/x-amz-json-1.1"}

logger = logging.getLogger(__name__)


class Module:
    """The module of a service, as the emulator expects it."""

    def __init__(self, sagemaker: SageMaker) -> None:
        self._sagemaker = sagemaker
        self.get_state: Callable[[], dict[str, Any]] = sagemaker.state
        self.load_persisted_state: Callable[[Mapping[str, Any]], None] = sagemaker.restore
        self.reset: Callable[[], None] = sagemaker.reset

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: object
    ) -> HttpAnswer:
        """Answer a request of the AWS JSON protocol. `headers` have lower-case names."""
        del method, path, query_params  # the protocol has one path, and the operation is in a header
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        scope = current_scope()
        # in its own thread: the call may read S3, which this process serves
        answer: HttpAnswer = await concurrency.run_reentrant(
            self._answer, operation, body, scope, thread_name=NAME
        )
        return answer

    def _answer(self, operation: str, body: bytes, scope: Scope) -> HttpAnswer:
        try:
            answer = self._sagemaker.call(operation, _parsed(body), scope)
        except RefusedRequestError as error:
            refusal = {"__type": error.code, "message": error.message}
            return 400, {**_JSON, "x-amzn-ErrorType": error.code}, json.dumps(refusal).encode()
        return 200, dict(_JSON), json.dumps(answer).encode()


def plug_in(sagemaker: SageMaker) -> None:
    """Route SageMaker's requests here, and keep and reset its state with that of the other services."""
    module = Module(sagemaker)
    app._loaded_modules[NAME] = module
    app.SERVICE_REGISTRY[NAME] = {"module": NAME}
    app.SERVICE_HANDLERS[NAME] = module.handle_request
    app._state_map[NAME] = NAME
    router.SERVICE_PATTERNS[NAME] = {
        "target_prefixes": ["SageMaker."],
        "host_patterns": [r"^api\.sagemaker\."],
    }
    iam_actions.SERVICE_TO_IAM_NAMESPACE[NAME] = NAME


def current_scope() -> Scope:
    """Return the account and the region of the current request."""
    return Scope(responses.get_account_id(), responses.get_region())


def emit_event(scope: Scope, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
    """Publish an event of SageMaker on the default bus. Only the emulator itself may use a source `aws.*`."""
    entry = {
        "Source": "aws.sagemaker",
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": resources,
    }
    with responses.request_scope(scope.account, scope.region):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError as error:
        raise RefusedRequestError("SerializationException", f"the request is not JSON: {error}") from error
    if not isinstance(request, dict):
        raise RefusedRequestError("SerializationException", "the request is not a JSON object")
    return request
