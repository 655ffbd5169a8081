"""Checks each request of a service before the emulator serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ministack import app  # type: ignore[import-untyped]  # it has no types
from ministack.core import iam_actions, responses  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.enforcement.permissions import Denial, caller_of
from batch_transform.local.emulator.operations import HttpAnswer


@dataclass(frozen=True)
class Call:
    """A request that has passed the emulator's own checks. The names of `headers` are in lower case."""

    service: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query_params: Mapping[str, Any]

    @property
    def caller(self) -> str:
        """The access key that signed it."""
        return caller_of(self.headers, self.query_params)

    @property
    def operation(self) -> str:
        """The operation, named as in policies: `CreateSchedule`."""
        action = iam_actions.extract_iam_action(
            self.service, self.method, self.path, self.headers, self.body, self._routing_params
        )
        return str(action or "").partition(":")[2]

    @property
    def resource(self) -> str:
        """The ARN of the resource that it names, or `*`."""
        return str(
            iam_actions.extract_resource_arn(
                self.service,
                self.method,
                self.path,
                self.headers,
                self.body,
                self._routing_params,
                responses.get_region(),
                responses.get_account_id(),
            )
        )

    @property
    def _routing_params(self) -> Mapping[str, Any]:
        """The query and, for the query protocol, the form in the body."""
        params: Mapping[str, Any] = app._routing_params(
            self.method, self.path, self.headers, self.body, self.query_params
        )
        return params

    def refused(self, why: Denial) -> HttpAnswer:
        """Return the refusal in the service's protocol."""
        answer: HttpAnswer = iam_actions.access_denied_response(
            self.service,
            why.action,
            why.principal,
            "",
            message=why.message,
            headers=self.headers,
            resource_arn=why.resource,
            explicit_deny=why.explicit,
        )
        return answer


Check = Callable[[Call], "HttpAnswer | None"]


def refuse_calls(service: str, *checks: Check) -> None:
    """Make each check for each request of a service. The first refusal is the answer."""
    handler = app.SERVICE_HANDLERS[service]

    async def checked(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
    ) -> HttpAnswer:
        call = Call(service, method, path, headers, body, query_params)
        for check in checks:
            if (refusal := check(call)) is not None:
                return refusal
        answer: HttpAnswer = await handler(method, path, headers, body, query_params)
        return answer

    app.SERVICE_HANDLERS[service] = checked
