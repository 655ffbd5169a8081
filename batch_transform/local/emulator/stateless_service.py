"""Services of the emulator that only answer: they speak AWS's JSON protocol and keep no state."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack import app  # type: ignore[import-untyped]  # it has no types
from ministack.core import iam_actions, router  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.operations import HttpAnswer

Answer = Callable[[str, Mapping[str, Any]], HttpAnswer]
"""Answers an operation, given its name and its request."""


class Module:
    """The module of a service, as the emulator expects it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def get_state(self) -> dict[str, Any]:
        """Return nothing: there is nothing to keep."""
        return {}

    def load_persisted_state(self, state: Mapping[str, Any]) -> None:
        """Accept what `get_state` returned."""

    def reset(self) -> None:
        """Forget nothing."""

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: object
    ) -> HttpAnswer:
        """Answer a request. `headers` have lower-case names."""
        del method, path, query_params  # the protocol has one path, and the operation is in a header
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        return self._answer(operation, json.loads(body or b"{}"))


def plug_in(name: str, answer: Answer, *, target_prefix: str, host_pattern: str) -> None:
    """Route the requests of a service to `answer`. `name` is also its prefix in IAM."""
    module = Module(answer)
    app._loaded_modules[name] = module
    app.SERVICE_REGISTRY[name] = {"module": name}
    app.SERVICE_HANDLERS[name] = module.handle_request
    router.SERVICE_PATTERNS[name] = {"target_prefixes": [target_prefix], "host_patterns": [host_pattern]}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[name] = name
